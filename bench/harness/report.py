"""Medians, tables, and whether the bounds hold."""

import statistics

# Bounds of "the shape proof": the ratio podbgpd / bird2 of the scenario's own measure, and of memory in S1.
TIME_RATIO = 1.0
MEMORY_RATIO = {"S1": 0.75}
NETLINK_REQUESTS = {"S4-10k": 8}
KEEPALIVE_SLACK_S = 0.5
PEAK_RSS_MB = 64

SHOWN = {
    "all_held_s": ("all held", "s"), "first_out_s": ("first out", "s"), "all_withdrawn_s": ("all withdrawn", "s"),
    "cpu_s": ("CPU", "s"), "cpu_withdraw_s": ("CPU withdraw", "s"), "first_switched_ms": ("first switched", "ms"),
    "half_switched_ms": ("half", "ms"), "all_switched_ms": ("all switched", "ms"), "load_s": ("load", "s"),
    "peak_rss_mib": ("peak RSS", "MiB"), "pss_mib": ("PSS", "MiB"), "idle_pss_mib": ("idle PSS", "MiB"),
    "bytes_per_route": ("per route", "B"), "pss_after_mib": ("PSS after", "MiB"), "sessions_up_s": ("sessions up", "s"),
    "updates_per_prefix": ("updates/prefix", ""), "kernel_objects": ("nexthop objects", ""),
    "keepalive_gap_longest_s": ("longest keepalive gap", "s"), "keepalive_gaps": ("keepalive gaps", ""),
    "rss_highest_mib": ("highest RSS", "MiB"),
}


def medians(runs):
    keys = [key for key in SHOWN if any(key in run for run in runs)]
    return {key: statistics.median(run[key] for run in runs if key in run) for key in keys}


def number(value):
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.3g}"


def cell(runs, key):
    values = [run[key] for run in runs if key in run]
    if not values:
        return "-"
    text = number(statistics.median(values))
    if len(values) > 1:
        text += f" [{number(min(values))}-{number(max(values))}]"
    return text


def table(results, baseline):
    """Lines of one scenario: results is {target: {"runs": [...], "failed": [...]}}."""
    base = medians(results[baseline]["runs"]) if baseline in results and results[baseline]["runs"] else {}
    names = list(results)
    others = [name for name in names if name != baseline and base]
    keys = [key for key in SHOWN if any(run.get(key) for name in names for run in results[name]["runs"])]
    rows = [["", *names, *(f"{name}/{baseline}" for name in others)]]
    counts = [f"{len(results[name]['runs'])} runs" + (f", {len(results[name]['failed'])} failed" if results[name]["failed"] else "")
              for name in names]
    rows.append(["", *counts, *("" for _ in others)])
    for key in keys:
        label, unit = SHOWN[key]
        row = [f"{label} ({unit})" if unit else label, *(cell(results[name]["runs"], key) for name in names)]
        for name in others:
            mine = medians(results[name]["runs"]).get(key)
            row.append(f"{mine / base[key]:.2f}x" if mine is not None and base.get(key) else "-")
        rows.append(row)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  " + "  ".join(text.ljust(width) if i == 0 else text.rjust(width)
                             for i, (text, width) in enumerate(zip(row, widths))).rstrip() for row in rows]


def verdicts(scenario, results, candidate, baseline):
    """[(holds, text)] of the bounds on this scenario; empty when one of the two was not run."""
    if candidate not in results or baseline not in results:
        return []
    mine, theirs = results[candidate]["runs"], results[baseline]["runs"]
    if not mine or not theirs:
        return [(False, f"{scenario.name}: no complete run of {candidate if not mine else baseline}")]
    out = []
    failed = len(results[candidate]["failed"])
    if failed:
        out.append((False, f"{scenario.name}: {failed} runs of {candidate} failed"))

    def ratio(key, bound):
        a, b = medians(mine)[key], medians(theirs)[key]
        out.append((a <= b * bound, f"{scenario.name}: {SHOWN[key][0]} {number(a)} / {number(b)} {SHOWN[key][1]} = "
                                    f"{a / b:.2f}x, bound {bound:.2f}x"))

    ratio(scenario.measure, TIME_RATIO)
    if scenario.name in MEMORY_RATIO:
        ratio("bytes_per_route", MEMORY_RATIO[scenario.name])
    return out


def probe_verdicts(scenario, run):
    if scenario.kernel:
        interval = scenario.hold / 3
        bound = interval + KEEPALIVE_SLACK_S
        return [(run["keepalive_gap_longest_s"] <= bound and run["keepalive_gaps"] > 0,
                 f"{scenario.name}: longest of {run['keepalive_gaps']:.0f} gaps between KEEPALIVEs "
                 f"{run['keepalive_gap_longest_s']:.3f} s, bound {bound:.1f} s")]
    peak_mb = run["peak_rss_mib"] * 1.048576
    return [(peak_mb < PEAK_RSS_MB, f"{scenario.name}: peak RSS {peak_mb:.1f} MB, bound {PEAK_RSS_MB} MB")]
