"""Figures: pure functions from typed rows to Plotly dictionaries."""
