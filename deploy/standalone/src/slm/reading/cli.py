"""``slm status``, ``breaches``, ``explain``, ``watch``, ``apply``, ``invite`` and ``offer``: options and exit codes."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from slm.importing.cli import DEFAULT_URL

Url = Annotated[str, typer.Option("--url", envvar="SLM_URL", help="Address of the API.")]
Key = Annotated[str, typer.Option("--key", envvar="SLM_KEY", help="An API key; every role may read.")]
ManagerKey = Annotated[
    str, typer.Option("--key", envvar="SLM_KEY", help="An API key with the role service_level_manager.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON with ids and exact values, for programs.")]
OfAgreement = Annotated[str | None, typer.Option("--agreement", help="Only this agreement: title, key or id.")]
OfService = Annotated[str | None, typer.Option("--service", help="Only this service: name, key or id.")]
OfCustomer = Annotated[str | None, typer.Option("--customer", help="Only what this company receives: name or id.")]
CANNOT = 2
"""Exit code if there is no answer. Wrong options have the same exit code."""
BREACHED = 1
REFUSED = 1
INTERRUPTED = 130


def status(
    agreement: OfAgreement = None,
    service: OfService = None,
    customer: OfCustomer = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Show the present state of every promise, the worst first.

    The exit code is 0 if no promise is broken in its present period, and 1 if a promise is broken. It is 2 if there is
    no answer: the server cannot be reached or refuses the key, or the options are wrong. A promise about single tickets
    counts as broken while a ticket is late and not done.
    """
    with _answered():
        from slm.reading import status as standing
        from slm.reading.api_reader import ApiReader
        from slm.reading.names import read_names
        from slm.reading.screen import Screen, reader_here

        reader = reader_here()
        with ApiReader(url, key) as api:
            wanted = standing.StatusFilter(agreement, service, customer)
            rows = standing.read_status(api, reader, read_names(api), wanted)
        if as_json:
            _print_json(standing.document_of(rows))
        else:
            standing.show_status(Screen(), reader, rows)
        if standing.is_any_breached(rows):
            raise typer.Exit(BREACHED)


def breaches(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are closed or withdrawn.")] = False,
    since: Annotated[
        str | None, typer.Option("--since", help="Only breaches since then: 2026-11-01, an instant, or 7d.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Most breaches; 0: all.")] = 100,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """List open breaches (broken promises), the latest first; with --all also closed and withdrawn breaches.

    A breach is open until the company that is responsible for it closes it. The exit code is 0. It is 2 if the
    server cannot be reached or refuses the key, or if the options are wrong.
    """
    with _answered():
        from slm.reading import breaches as broken
        from slm.reading.api_reader import ApiReader
        from slm.reading.names import read_names
        from slm.reading.screen import Screen, reader_here

        reader = reader_here()
        begin = broken.since_of(reader, since)
        with ApiReader(url, key) as api:
            names = read_names(api)
            listed = broken.read_breaches(api, everything=everything, since=begin, most=limit)
        if as_json:
            _print_json(broken.documents_of(reader, names, listed))
        else:
            broken.show_breaches(Screen(), reader, names, listed, everything=everything)


def apply(
    file: Annotated[Path, typer.Option("--file", "-f", help="An Excel workbook (.xlsx) or csv file of contracts.")],
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the contracts and store nothing.")] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    key: ManagerKey = "",
) -> None:
    """Put the contracts of a table on record, and show the reasons of the lines that are refused.

    The exit code is 0 if no contract is refused, and 1 if one is. It is 2 if the file cannot be read, if the server
    cannot be reached or refuses the key, or if the options are wrong.
    """
    with _answered():
        from slm.reading import contracts
        from slm.reading.api_reader import ApiReader
        from slm.reading.screen import Screen

        with ApiReader(url, key) as api:
            answer = contracts.apply_contracts(api, file, is_dry_run=is_dry_run)
        if as_json:
            _print_json(answer)
        else:
            contracts.show_result(Screen(), answer)
        if answer["refused"]:
            raise typer.Exit(REFUSED)


def invite(
    company: Annotated[str, typer.Argument(help="Key, name or id of a company of your contracts on record.")],
    email: Annotated[str | None, typer.Option("--email", help="Its mail address: the link is mailed there.")] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    key: ManagerKey = "",
) -> None:
    """Invite a company of your contracts on record, and print the link if the server sends no mails.

    The exit code is 0. It is 2 if the company cannot be invited, or if the server cannot be reached or refuses the key.
    """
    with _answered():
        from slm.reading import offers
        from slm.reading.api_reader import ApiReader
        from slm.reading.screen import Screen

        with ApiReader(url, key) as api:
            invitation = offers.invite_company(api, company, email)
        if as_json:
            _print_json(invitation)
        else:
            offers.show_invitation(Screen(), url, invitation)


def offer(
    contracts: Annotated[list[str], typer.Argument(help="Keys or ids of contracts on record.")],
    answer_by: Annotated[
        str | None, typer.Option("--answer-by", help="When an answer is due, such as 2026-12-31T17:00:00Z.")
    ] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    key: ManagerKey = "",
) -> None:
    """Offer contracts on record to the other company, which has joined, to be confirmed or countered.

    The exit code is 0 if all contracts are offered, and 1 if one is refused. It is 2 if the server cannot be reached or
    refuses the key, or if the options are wrong.
    """
    with _answered():
        from slm.reading import offers
        from slm.reading.api_reader import ApiReader
        from slm.reading.screen import Screen

        with ApiReader(url, key) as api:
            results = offers.offer_contracts(api, contracts, answer_by)
        if as_json:
            _print_json([each.document() for each in results])
        else:
            offers.show_offers(Screen(), results)
        if any(each.agreement is None for each in results):
            raise typer.Exit(REFUSED)


def explain(
    named: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Id of a target, breach or risk, or its end as tables show it; a ticket's number, or source/number; "
            "or a part of a target's name.",
        ),
    ],
    period: Annotated[
        str | None, typer.Option("--period", help="A window, such as 2026-11; the present one if left out.")
    ] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Explain how a figure, a breach or a ticket's clock is worked out: in a sentence, as a sum, and by its facts.

    The exit code is 0. It is 2 if the given id or name means nothing or several things, or if the server cannot be
    reached or refuses the key.
    """
    with _answered():
        from slm.reading import explain as explained
        from slm.reading.api_reader import ApiReader
        from slm.reading.names import read_names
        from slm.reading.screen import Screen, reader_here

        with ApiReader(url, key) as api:
            found = explained.read_explanation(api, named, period)
            names = None if as_json else read_names(api)
        if names is None:
            _print_json(found.document())
        else:
            explained.show_explanation(Screen(), reader_here(), names, found)


def watch(
    agreement: OfAgreement = None,
    service: OfService = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Follow breaches and risks as they happen, a line each, until Ctrl-C. With --json each line is a CloudEvent.

    While the server is away, the command waits; then it continues after the last event that it showed. If the server
    cannot send all events in between, a message says so. Messages about the connection go to standard error. The exit
    code is 2 if the first connection fails or the server refuses the key.
    """
    with _answered():
        from slm.reading.api_reader import ApiReader
        from slm.reading.names import LatestNames, choose_agreement, choose_service
        from slm.reading.screen import Screen, print_line, reader_here
        from slm.reading.watch_lines import line_of
        from slm.reading.watching import BreachWatcher

        screen = Screen()
        with ApiReader(url, key) as api:
            latest = LatestNames(api)
            only = {"agreement_id": choose_agreement(latest.names, agreement)} if agreement is not None else {}
            only |= {"service_id": choose_service(latest.names, service)} if service is not None else {}
            watcher = BreachWatcher(api, only, lambda text: typer.echo(f"slm: {text}", err=True))
            for event in watcher.events():
                if as_json:
                    print_line(json.dumps({name: value for name, value in event.items() if name != "name"}))
                    continue
                names = latest.knowing(event["data"]["service_id"])
                mark, line = line_of(reader_here(), names, event)
                screen.event(line, mark)


@contextmanager
def _answered() -> Iterator[None]:
    """Run the body of the ``with`` statement. If there is no answer, print the reason in one line and exit with code 2.

    Ctrl-C exits with code 130 and prints nothing. A fault of the program exits with code 2 too, because code 1 would
    say that a promise is broken.
    """
    from slm.reading.api_reader import NoAnswer

    try:
        yield
    except (typer.Exit, BrokenPipeError):
        raise
    except NoAnswer as reason:
        typer.echo(f"slm: {reason}", err=True)
        raise typer.Exit(CANNOT) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except Exception:
        traceback.print_exc()
        typer.echo("slm: this is a fault of slm; please report it with the lines above", err=True)
        raise typer.Exit(CANNOT) from None


def _print_json(document: object) -> None:
    typer.echo(json.dumps(document, indent=2))
