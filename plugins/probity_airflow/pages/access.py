"""Who may see what: Airflow's own login and its auth manager decide; a plugin's routes are open unless guarded.

In: a request. Out: a ``Reader``, or 401 without a login. A restricted page (selected cases, bad cells, recipients)
is for those who may answer an approval of the job, and for the auditors named in Airflow's configuration
(``[probity] restricted_readers``, login names joined by comma), who read all and change nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user
from airflow.configuration import conf
from fastapi import Depends, HTTPException

log = logging.getLogger(__name__)

# What keeps a job's cases secret: of an audit, else of an inspection of works.
AUDIT_LAW, WORKS_LAW = "採購稽核小組作業規則第 4 條", "工程施工查核小組作業辦法第 13 條"
AUDITS = {"procurement_audit_selection", "signal_weight_review"}


@dataclass(frozen=True)
class Reader:
    """A logged-in user, as the pages need them."""

    user: Any

    @property
    def login(self) -> str:
        return str(self.user.get_id())

    @property
    def name(self) -> str:
        return str(self.user.get_name())

    def may_read(self, job: str) -> bool:
        """May see that the job exists and its counts."""
        return bool(get_auth_manager().is_authorized_dag(method="GET", details=DagDetails(id=job), user=self.user))

    def may_see_cases(self, job: str) -> bool:
        """May see selected cases: answers the job's approvals, or is a named auditor."""
        named = {n.strip() for n in conf.get("probity", "restricted_readers", fallback="auditor").split(",")}
        return (self.login in named and self.may_read(job)) or bool(
            get_auth_manager().is_authorized_dag(
                method="PUT", access_entity=DagAccessEntity.HITL_DETAIL, details=DagDetails(id=job), user=self.user
            )
        )

    def must_see_cases(self, job: str, what: str) -> None:
        """403 unless the restricted part is open to this reader; what was read by whom is logged."""
        if not self.may_see_cases(job):
            log.warning("restricted page %s refused to %s", what, self.login)
            law = AUDIT_LAW if job in AUDITS else WORKS_LAW
            raise HTTPException(403, f"限閱：名單內容依{law}保密，您的角色不能檢視。")
        log.info("restricted page %s read by %s", what, self.login)


async def reader(user: Annotated[Any, Depends(get_user)]) -> Reader:
    """The logged-in reader; ``get_user`` answers 401 without a login, 403 to a forged token."""
    return Reader(user)


ReaderDep = Annotated[Reader, Depends(reader)]
