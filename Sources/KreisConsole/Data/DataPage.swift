// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisInterchange
import KreisPages

/// What concerns many records at once.
extension Console {
  /// `/daten/…`
  func data(_ request: ConsoleRequest) throws -> ConsoleResponse {
    switch request.path.dropFirst().first {
    case nil:
      try request.allow(.get)
      let open = try client.rows("erasures").count { $0["state"] != "confirmed" }
      let view: View = [
        "mayImport": client.may("import"), "mayExport": client.may("export"),
        "open": open == 0
          ? false
          : open.counted(
            "ist noch nicht von allen bestätigt", "sind noch nicht von allen bestätigt") as Any,
      ]
      return try page("data", title: "Daten", view, request)
    case "einlesen": return try importing(request)
    case "ausgeben" where request.path.count == 2: return try export(request)
    default: throw Refusal.notFound
    }
  }
}
