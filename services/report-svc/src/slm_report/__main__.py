"""Run report-svc alone: ``python -m slm_report``."""

from slm_chassis.app import main
from slm_report.bootstrap import CONTEXT, build
from slm_report.settings import ReportSettings

if __name__ == "__main__":
    main(CONTEXT, build, ReportSettings)
