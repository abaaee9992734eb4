"""Probity: the compliance jobs of a city's Department of Ethics, as plain Python that never imports Airflow."""
