"""What is served over HTTP: the review pages, and in ``api`` the REST API."""
