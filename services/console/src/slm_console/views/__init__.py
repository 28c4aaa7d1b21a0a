"""View models: functions without HTTP that turn the API's answers into what the pages show."""
