"""The policy in force and the next one."""

import azure.functions as func

from functions.http import Call, handle
from shared import bootstrap
from shared.model import JsonObject
from shared.procedures import policy

bp = func.Blueprint()


@bp.function_name("get_policy")
@bp.route(route="api/policy", methods=["GET"])
def get_policy(req: func.HttpRequest) -> func.HttpResponse:
    """The policy in force."""
    return handle("getPolicy", req, lambda call: policy.policy_view(call.services))


@bp.function_name("put_policy")
@bp.route(route="api/policy", methods=["PUT"])
def put_policy(req: func.HttpRequest) -> func.HttpResponse:
    """Bring a new policy into force."""
    return handle("putPolicy", req, _put)


def _put(call: Call) -> JsonObject:
    body = policy.put_policy(call.services, call.person, call.body)
    bootstrap.live().forget_policy()
    return body
