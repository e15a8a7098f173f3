"""What codeLynn does for its user, free of HTTP and of pages: arena, chat, rounds, data, leaderboard."""
