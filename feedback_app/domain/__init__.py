"""The words of codeLynn as plain immutable values. No I/O here."""
