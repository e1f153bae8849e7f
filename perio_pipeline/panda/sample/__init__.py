"""Makes a synthetic practice in PANDA's layout: every patient, chart and blemish of it is invented."""
