// The HTTP API, to be read and tried out. Nothing is fetched from elsewhere, and no token is kept.
const place = document.getElementById("swagger");

window.ui = SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
});
