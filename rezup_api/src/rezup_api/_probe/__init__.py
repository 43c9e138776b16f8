"""Small scripts run by other interpreters, Python 2.7 to the newest; never imported, standard library only."""
