"""The tool of the course: catalogue of lessons, replay of the notes, local reader."""
