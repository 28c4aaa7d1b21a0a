"""``slm demo``: Alder Managed Services at real speed, or with ``--once`` a whole cycle on an accelerated clock."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from slm.demo import terms
from slm.platforms import refuse_windows


class Act(StrEnum):
    """Commands for a demonstration that is running."""

    PLAY = "play"


ToDo = Annotated[
    Act | None, typer.Argument(help="play: let the next hour of the demonstration at --url pass within a minute.")
]
Once = Annotated[
    bool,
    typer.Option("--once", help="Play a whole cycle on a fast clock, check it and exit: 0 if all was right, else 1."),
]
Url = Annotated[str | None, typer.Option(help="Play on a running installation with one address: its URL.")]
OfAgreement = Annotated[
    list[str] | None, typer.Option("--agreement-url", help="URL of agreement-svc; repeat for replicas.")
]
OfMonitor = Annotated[list[str] | None, typer.Option("--monitor-url", help="URL of monitor-svc; repeat for replicas.")]
OfReport = Annotated[list[str] | None, typer.Option("--report-url", help="URL of report-svc; repeat for replicas.")]
OfReview = Annotated[list[str] | None, typer.Option("--review-url", help="URL of review-svc; repeat for replicas.")]
OperatorKey = Annotated[
    str, typer.Option(envvar="SLM_BOOTSTRAP_KEY", help="The operator's key of the running installation.")
]
AgreementKey = Annotated[str, typer.Option(help="Key of the agreement; its ids are derived from it.")]
Port = Annotated[
    int | None,
    typer.Option(
        envvar="SLM_PORT",
        min=1,
        max=65535,
        help="Port of the demonstration's own installation; without it 8080 or a free one.",
    ),
]
DataDir = Annotated[
    Path | None, typer.Option(help="The demonstration uses the folder `demo` in it; SLM_DATA_DIR, else .slm.")
]
PatienceSeconds = Annotated[
    float, typer.Option("--patience", min=1, help="Real seconds to wait for each expected result.")
]


def demo(
    act: ToDo = None,
    once: Once = False,
    url: Url = None,
    agreement_url: OfAgreement = None,
    monitor_url: OfMonitor = None,
    report_url: OfReport = None,
    review_url: OfReview = None,
    operator_key: OperatorKey = "",
    agreement_key: AgreementKey = terms.AGREEMENT_KEY,
    port: Port = None,
    data_dir: DataDir = None,
    patience: PatienceSeconds = 90.0,
) -> None:
    """Show Alder Managed Services, a made-up provider with twelve months of history, on an installation of its own.

    With --once, or on a running installation, the command instead plays one cycle and checks its results: negotiate,
    finalize, monitor with a risk and a breach, report, review. For a running installation, set SLM_CLOCK to that
    installation's value.
    """
    refuse_windows()
    from slm.demo import embedded, layouts
    from slm.demo.alder import start
    from slm.demo.performance import PlayOptions
    from slm.refusals import exit_on_refusal

    if act is Act.PLAY:
        raise typer.Exit(start.play_next_hour(url or f"http://{embedded.HOST}:{port or start.USUAL_PORT}"))
    services = [agreement_url or [], monitor_url or [], report_url or [], review_url or []]
    wanted = PlayOptions(operator_key, agreement_key, patience, once)
    if not url and not any(services):
        with exit_on_refusal():
            raise typer.Exit(
                layouts.play_on_own_installation(wanted, port, data_dir)
                if once
                else start.run_demonstration(port, data_dir)
            )
    if (url and any(services)) or (not url and not all(services)):
        raise typer.BadParameter("give --url alone, or the URLs of all four services")
    if not operator_key:
        raise typer.BadParameter("give --operator-key, or set SLM_BOOTSTRAP_KEY")
    with exit_on_refusal():
        raise typer.Exit(layouts.play_on_running_installation(wanted, url, services))
