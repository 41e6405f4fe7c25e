"""Which procedure carries out which job."""

from __future__ import annotations

from shared.procedures.runs import Job


def job(name: str) -> Job:
    """The procedure of a job; imported when first run so that a cold start stays short."""
    from shared.procedures import (
        audit,
        billing,
        configuration,
        desk,
        handoffs,
        look_back,
        override_sampling,
        projects,
        reconcile,
        report_weekly,
        review_quarterly,
        seal,
        sync,
        validation_cycle,
    )

    return {
        "sync": sync.sync_run,
        "project_status": projects.project_status_run,
        "handoff_review": handoffs.handoff_review_run,
        "billing_check": billing.billing_check_run,
        "desk_check": desk.desk_check_run,
        "weekly_report": report_weekly.weekly_report_run,
        "permission_review": review_quarterly.permission_review_run,
        "override_sampling": override_sampling.override_sampling_run,
        "billing_validation": validation_cycle.billing_validation_run,
        "billing_look_back": look_back.billing_look_back_run,
        "configuration_check": configuration.configuration_check_run,
        "reconcile": reconcile.reconcile_run,
        "seal": seal.seal_run,
        "audit": audit.audit_run,
    }[name]
