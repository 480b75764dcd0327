// SPDX-License-Identifier: EUPL-1.2

import Testing

/// One after the other: each runs a server of its own, and some measure time.
@Suite(.serialized, .timeLimit(.minutes(1))) enum HubTests {}
