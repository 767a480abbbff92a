"""Fields of the CRMs that tell, or are moved by, how a lead ended: no score may look at them.

Read from the vendors' field references; the judgement is ours. Custom fields are the owner's to
judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from serving.mappings.pointers import steps_of

CONVERSION = "filled by conversion"
WORK = "moved by sales' own work"
SCORE = "another score, learned from the same outcomes"

LEAKS: Mapping[str, Mapping[str, str]] = {
    "hubspot": {
        "lifecyclestage": CONVERSION,
        "closedate": CONVERSION,
        "days_to_close": CONVERSION,
        "num_associated_deals": CONVERSION,
        "recent_deal_*": CONVERSION,
        "total_revenue": CONVERSION,
        "first_deal_created_date": CONVERSION,
        "hs_time_to_move_from_*": CONVERSION,
        "hs_time_between_*": CONVERSION,
        "hs_date_entered_*": CONVERSION,
        "hs_date_exited_*": CONVERSION,
        "hs_v2_date_entered_*": CONVERSION,
        "hs_v2_date_exited_*": CONVERSION,
        "hs_lifecyclestage_*_date": CONVERSION,
        "hs_lead_status": WORK,
        "num_notes": WORK,
        "num_contacted_notes": WORK,
        "notes_last_*": WORK,
        "notes_next_activity_date": WORK,
        "hs_time_to_first_engagement": WORK,
        "hs_sales_email_last_*": WORK,
        "lastmodifieddate": WORK,
        "hs_lastmodifieddate": WORK,
        "updatedAt": WORK,
        "hubspotscore": SCORE,
        "hs_predictive*": SCORE,
    },
    "salesforce": {
        "IsConverted": CONVERSION,
        "ConvertedDate": CONVERSION,
        "Converted*Id": CONVERSION,
        "StageName": CONVERSION,
        "IsClosed": CONVERSION,
        "IsWon": CONVERSION,
        "Amount": CONVERSION,
        "CloseDate": CONVERSION,
        "Probability": CONVERSION,
        "Status": WORK,
        "Rating": WORK,
        "LastActivityDate": WORK,
        "FirstCallDateTime": WORK,
        "FirstEmailDateTime": WORK,
        "IsUnreadByOwner": WORK,
        "OwnerId": WORK,
        "LastModified*": WORK,
        "SystemModstamp": WORK,
        "ScoreIntelligenceId": SCORE,
    },
    "dynamics": {
        "statecode": CONVERSION,
        "statuscode": CONVERSION,
        "*qualifyingopportunityid*": CONVERSION,
        "*accountid*": CONVERSION,
        "*contactid*": CONVERSION,
        "actualclosedate": CONVERSION,
        "actualvalue*": CONVERSION,
        "leadqualitycode": WORK,
        "budgetstatus": WORK,
        "need": WORK,
        "purchasetimeframe": WORK,
        "purchaseprocess": WORK,
        "decisionmaker": WORK,
        "qualificationcomments": WORK,
        "modifiedon": WORK,
        "salesstage*": WORK,
        "lastusedincampaign": WORK,
        "msdyn_predictivescoreid": SCORE,
        "msdyn_leadscore*": SCORE,
        "msdyn_leadgrade": SCORE,
    },
    "odoo": {
        "stage_id": CONVERSION,
        "active": CONVERSION,
        "lost_reason_id": CONVERSION,
        "date_closed": CONVERSION,
        "won_status": CONVERSION,
        "day_close": CONVERSION,
        "date_conversion": CONVERSION,
        "type": CONVERSION,
        "date_open": WORK,
        "day_open": WORK,
        "date_last_stage_update": WORK,
        "priority": WORK,
        "tag_ids": WORK,
        "user_id": WORK,
        "write_date": WORK,
        "activity_*": WORK,
        "probability": SCORE,
        "automated_probability": SCORE,
    },
    "tryton": {
        "state": CONVERSION,
        "end_date": CONVERSION,
        "lost_reason": CONVERSION,
        "sales": CONVERSION,
        "converted_by": CONVERSION,
        "employee": WORK,
        "conversion_probability": WORK,
    },
}
"""CRM -> name of a field, with * for any letters -> why it leaks."""


def leak_of(crm: str, pattern: str) -> str | None:
    """Why what stands at this place leaks, as a sentence's part; None where it does not.

    A CRM that is not known here is held against all four.
    """
    known = [LEAKS[crm]] if crm in LEAKS else list(LEAKS.values())
    for step in steps_of(pattern):
        for leaks in known:
            for name, why in leaks.items():
                if fnmatchcase(step, name):
                    return f"{pattern} is {why}"
    return None
