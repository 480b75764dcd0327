import KreisInterchange

/// What an import did, every row that it refused, and what somebody should look at.
struct ImportReport {
  /// Refusals and warnings that are told in full; the rest is only counted.
  static let shown = 20

  var created = 0
  var changed = 0
  var unchanged = 0
  private(set) var refused = 0
  private(set) var errors: [(line: Int, reason: String)] = []

  mutating func refuse(line: Int, _ reason: String) {
    refused += 1
    if errors.count < Self.shown { errors.append((line, reason)) }
  }

  private(set) var warned = 0
  private(set) var warnings: [(line: Int, reason: String)] = []

  mutating func warn(line: Int, _ reason: String) {
    warned += 1
    if warnings.count < Self.shown { warnings.append((line, reason)) }
  }

  /// - Parameter isImported: whether the other rows were taken; if not, nothing was.
  func json(isImported: Bool) -> JSONValue {
    [
      "imported": .bool(isImported), "created": .integer(isImported ? created : 0),
      "changed": .integer(isImported ? changed : 0),
      "unchanged": .integer(isImported ? unchanged : 0), "refused": .integer(refused),
      "errors": Self.json(errors), "warned": .integer(warned), "warnings": Self.json(warnings),
    ]
  }

  private static func json(_ lines: [(line: Int, reason: String)]) -> JSONValue {
    .array(
      lines.sorted { $0.line < $1.line }
        .map { ["line": .integer($0.line), "reason": .string($0.reason)] })
  }
}
