"""Jobs: what takes longer than a request."""

from __future__ import annotations

from serving.client.calling import Caller, at, once, operation
from serving.job_answers import JobLog, JobPage, JobTold


class JobCalls:
    """`/v1/jobs`, `/v1/score/bulk`."""

    _caller: Caller

    @operation("jobs_queue")
    def start_job(
        self,
        kind: str,
        upload: bytes = b"",
        media_type: str = "application/x-ndjson",
        *,
        of: str | None = None,
        detail: str | None = None,
        tune: int | None = None,
        all_leads: bool | None = None,
    ) -> JobTold:
        """Queue a job: score, import, rescore, train or replay; see the API's own description.

        Args:
            upload: the file it works on, as CSV, NDJSON, Parquet or YAML by `media_type`.
        """
        params = {"kind": kind, "of": of, "detail": detail, "tune": tune, "all": all_leads}
        headers = {"content-type": media_type, **once(None)}
        return self._caller.ask(
            "POST", at("jobs"), JobTold, content=upload, params=params, headers=headers
        )

    @operation("jobs_page")
    def jobs_page(self, *, cursor: str | None = None) -> JobPage:
        """A page of jobs, newest first."""
        return self._caller.ask("GET", at("jobs"), JobPage, params={"cursor": cursor})

    @operation("jobs_show")
    def job(self, job_id: str) -> JobTold:
        """How far a job is."""
        return self._caller.ask("GET", at("jobs", job_id), JobTold)

    @operation("jobs_cancel")
    def cancel_job(self, job_id: str) -> JobTold:
        """Stop a job; what it has committed stays."""
        return self._caller.ask("POST", at("jobs", job_id, "cancel"), JobTold, headers=once(None))

    @operation("jobs_retry")
    def retry_job(self, job_id: str) -> JobTold:
        """Go on with a job that failed or was cancelled."""
        return self._caller.ask("POST", at("jobs", job_id, "retry"), JobTold, headers=once(None))

    @operation("jobs_log")
    def job_log(self, job_id: str, *, cursor: str | None = None) -> JobLog:
        """What a job said."""
        return self._caller.ask("GET", at("jobs", job_id, "log"), JobLog, params={"cursor": cursor})

    @operation("jobs_result")
    def job_result(self, job_id: str) -> bytes:
        """The file that a job made."""
        return self._caller.send("GET", at("jobs", job_id, "result")).content

    @operation("scores_score_lines")
    def score_lines(self, lines: bytes, *, detail: str | None = None) -> bytes:
        """Score lines of JSON (NDJSON), and get as many back in order. All of the answer is held:
        for more than memory takes, stream `POST /v1/score/bulk` or start a job."""
        headers, params = {"content-type": "application/x-ndjson"}, {"detail": detail}
        place = at("score", "bulk")
        return self._caller.send(
            "POST", place, content=lines, params=params, headers=headers
        ).content
