"""Owns what an answer means: its JSON, or the error that says what to do. Knows statuses and Paragon's error bodies.

Sends nothing and waits for nothing. No token, no request body and no page of HTML ever gets into a message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from paragon_sync import jsonvalue
from paragon_sync.errors import AnswerError, ApiError, HostError, JsonError, RefusedError
from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.paragon.transport import FailureKind, HttpResponse, TransportFailure
