"""The course as a static site: the reader's pages as files, and the lessons in the browser."""
