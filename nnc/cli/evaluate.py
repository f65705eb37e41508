"""The command `nnc evaluate`: loss and metrics of a model on data."""

from __future__ import annotations

from nnc.activity import activity
from nnc.cli import options
from nnc.cli.console import print_json, print_table
from nnc.cli.programs import note_if_untrained, open_program, reading, say_choice

NAME = "evaluate"
EXAMPLE = "Example: nnc evaluate base.nnc --data points.csv --target label"


def command(
    model: options.Model,
    data: options.Data,
    target: options.Target = None,
    encoding: options.Encoding = None,
    batch: options.Batch = 32,
    as_json: options.Json = False,
    replace: options.Replace = None,
    backend: options.Backend = None,
    max_bytes: options.MaxBytes = None,
    check_nan: options.CheckNan = False,
    no_hints: options.NoHints = False,
    replica: options.Replica = None,
) -> None:
    """Print loss and metrics of a model on data; of a program with replicas mean, spread, best and worst."""
    from nnc.cli.replicas import best_replica, print_replicas
    from nnc.preparing import check_meaning_is_learnt, rows_of
    from nnc.program.progress import format_number

    del no_hints  # its callback has seen it
    check_meaning_is_learnt(model, data)
    program = open_program(
        model,
        replace=replace,
        backend=backend,
        max_bytes=max_bytes,
        replica=replica,
        single="--check-nan" if check_nan else "",
    )
    program.check_nan = check_nan
    say_choice(program, "evaluate")
    with reading(data):
        found = rows_of(program, data, target, encoding)
    count = len(found)
    with activity(f"{count:,} rows"):
        logs = program.evaluate(found.x, found.y, batch_size=batch, verbose=0)
    if as_json:
        best = {} if program.replicas is None else {"replicas": program.replicas, "best": best_replica(logs)}
        print_json({"model": program.name, "rows": count, "result": logs} | best)
    elif program.replicas is not None:
        print_replicas(logs, f"On {count:,} rows", f"{program.name}, {program.replicas:,} replicas")
    else:
        rows = [(name, format_number(number, 6)) for name, number in logs.items()]
        print_table(("Metric", ""), rows, f"{program.name}: evaluated on {count:,} rows")
    note_if_untrained(model, program)
