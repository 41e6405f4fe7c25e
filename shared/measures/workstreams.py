"""Which workstream of the baseline a task belongs to."""

from __future__ import annotations

from shared.measures.baseline import Baseline
from shared.measures.project_facts import ProjectFacts, TaskFacts


def streams_of(facts: ProjectFacts, baseline: Baseline) -> dict[str, str]:
    """Task id to workstream: named by its id, below a task that is, or of the milestone that bears the stream's name."""
    named = {task: stream.name for stream in baseline.workstreams for task in stream.tasks}
    bare = {stream.name.strip().casefold(): stream.name for stream in baseline.workstreams if not stream.tasks}
    stages = {one.id: bare.get(one.name.strip().casefold()) for one in facts.milestones}
    known = {task.id: task for task in facts.tasks}
    out: dict[str, str] = {}
    for task in facts.tasks:
        above: TaskFacts | None = task
        seen: set[str] = set()
        while above is not None and above.id not in seen:
            seen.add(above.id)
            stage = stages.get(above.milestone) if above.milestone is not None else None
            if found := named.get(above.id) or stage:
                out[task.id] = found
                break
            above = known.get(above.parent) if above.parent is not None else None
    return out
