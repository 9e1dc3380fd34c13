"""Which lab starts next: some at a time, those whose topology says `podbgp.lab/alone` at the end and one by one."""


def next_lab(waiting, running, jobs):
    """Takes the next lab that may start now beside those that run, out of [(folder, tests, alone)]; labs that run alone go last. None: wait."""
    if len(running) >= jobs or any(job.alone for job in running.values()):
        return None
    for place, (_, _, alone) in enumerate(waiting):
        if not alone:
            return waiting.pop(place)
    return waiting.pop(0) if waiting and not running else None
