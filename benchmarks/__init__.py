"""Figures for the notes of the developers; nothing here runs in the suite."""
