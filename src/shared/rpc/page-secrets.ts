/** What a page of the browser host is given for the ticket of its address, and keeps in its origin's own storage. */
export interface PageSecrets {
  /** Opens the connection that carries calls. */
  session: string;
  /** Stands in the addresses of pictures and exports, and opens nothing else. */
  assets: string;
}
