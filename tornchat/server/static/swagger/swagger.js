// The HTTP API, to be read and tried out. Nothing is fetched from elsewhere, and no token is kept.
const place = document.getElementById("swagger");

/** What Swagger UI does not tell screen readers: selector, attribute, value (null: none). */
const NAMES = [
  [".information-container", "role", "banner"],
  [".schemes-server-container", "role", "region"],
  [".schemes-server-container", "aria-label", "Server"],
  [".modal-ux", "role", "dialog"],
  [".modal-ux", "aria-label", "Authorization"],
  ["#servers", "aria-label", "Server"],
  [".close-modal", "aria-label", "Close"],
  [".body-param__text", "aria-label", "Request body"],
  [".auth-btn-wrapper .authorize", "aria-label", "Authorize: apply credentials"],
  [".auth-btn-wrapper .btn-done", "aria-label", "Close: end the dialog"],
  [".opblock-tag", "aria-level", "2"],
  [".opblock h4, .models h4", "aria-level", "3"],
  [".modal-ux h3", "aria-level", "2"],
  [".opblock h5", "aria-level", "4"],
  [".modal-ux h4, .modal-ux h6", "aria-level", "3"],
  [".opblock-summary-control a", "href", null], // a link within a button
];

function name() {
  for (const [selector, attribute, value] of NAMES) {
    for (const element of place.querySelectorAll(selector)) {
      if (element.getAttribute(attribute) === value) continue;
      if (value === null) element.removeAttribute(attribute);
      else element.setAttribute(attribute, value);
    }
  }
}

new MutationObserver(name).observe(place, { childList: true, subtree: true });

window.ui = SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
});
