/** A table that can be sorted and searched. On a narrow screen each row becomes a card. */

import { html } from "./html.js";

/**
 * @param {{caption: string, columns: Column[], rows: any[], keyOf: (row: any) => string, sort: string, order: "up" | "down",
 *   onSort: (sort: string, order: "up" | "down") => void, empty: string}} props
 * @typedef {{name: string, title: string, cell: (row: any) => any, number?: boolean, sorts?: boolean, first?: "up" | "down"}} Column
 */
export function Table({ caption, columns, rows, keyOf, sort, order, onSort, empty }) {
  if (!rows.length) return html`<p class="empty">${empty}</p>`;
  return html`<div class="scroll" role="region" aria-label=${caption} tabindex="0">
    <table class="data">
      <caption class="unseen">${caption}</caption>
      <thead><tr>${columns.map((column) => html`<${Head} key=${column.name} column=${column} sort=${sort} order=${order} onSort=${onSort} />`)}</tr></thead>
      <tbody>
        ${rows.map(
          (row) => html`<tr key=${keyOf(row)}>
            ${columns.map((column) => html`<td key=${column.name} class=${column.number ? "number" : ""} data-title=${column.title}>${column.cell(row)}</td>`)}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function Head({ column, sort, order, onSort }) {
  const { name, title, number, sorts = true, first = number ? "down" : "up" } = column;
  const mine = sort === name;
  if (!sorts) return html`<th scope="col" class=${number ? "number" : ""}><span class=${title ? "" : "unseen"}>${title || "Actions"}</span></th>`;
  const next = mine ? (order === "up" ? "down" : "up") : first;
  const said = mine ? (order === "up" ? "ascending" : "descending") : undefined;
  return html`<th scope="col" class=${number ? "number" : ""} aria-sort=${said}>
    <button type="button" onClick=${() => onSort(name, next)}>${title}<span class="arrow" aria-hidden="true">${mine ? (order === "up" ? "▲" : "▼") : ""}</span></button>
  </th>`;
}

/** A search field with how many were found. */
export function Search({ label, value, onInput, found, shown, what }) {
  const words = found > shown ? `${shown} of ${found} ${what}` : `${found} ${what}`;
  return html`<div class="row search">
    <label><span class="unseen">${label}</span>
      <input type="search" placeholder=${label} value=${value} maxlength="256" onInput=${(event) => onInput(event.target.value)} /></label>
    <span class="muted" role="status">${found == null ? "" : words}</span>
  </div>`;
}

/** A failed read above what was read before. */
export function Failure({ error }) {
  return error && html`<p class="banner bad" role="alert">${error.message}</p>`;
}
