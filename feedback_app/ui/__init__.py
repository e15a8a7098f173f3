"""codeLynn's pages in the browser."""
