// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

/// What an import did, every row that it refused, and what somebody should look at.
struct ImportReport {
  /// Refusals, warnings and decisions that are told in full; the rest is only counted.
  static let shown = 20

  var created = 0
  var changed = 0
  var unchanged = 0
  /// Values that become public once somebody in another role releases them.
  var waiting = 0
  /// Rows that were refused because they would have made something public.
  var unpublished = 0
  private(set) var refused = 0
  private(set) var errors: [(line: Int, reason: String)] = []
  private(set) var warned = 0
  private(set) var warnings: [(line: Int, reason: String)] = []
  /// Fields that were in conflict until a row wrote them.
  private(set) var decided = 0
  private(set) var decisions: [JSONValue] = []
  /// What of the source the directory has no place for, and how often it occurred.
  var losses: [String: Int] = [:]

  mutating func refuse(line: Int, _ reason: String) {
    refused += 1
    if errors.count < Self.shown { errors.append((line, reason)) }
  }

  /// What was taken, and should be looked at.
  mutating func warn(line: Int, _ reason: String) {
    warned += 1
    if warnings.count < Self.shown { warnings.append((line, reason)) }
  }

  /// A field of a record was in conflict, and the row's value is the only one now.
  mutating func decide(_ row: DirectoryRow, _ id: RecordID, _ write: PlannedWrite) {
    decided += 1
    guard decisions.count < Self.shown else { return }
    decisions.append([
      "line": .integer(row.line), "kind": .string(row.kind.name),
      "external_id": row.externalID.map { .string($0) } ?? .null, "id": .string(id.description),
      "field": .string(write.field.name), "scope": .string(write.scope.rawValue),
    ])
  }

  /// - Parameters:
  ///   - isImported: whether the other rows were taken; if not, nothing was.
  ///   - isDryRun: whether the numbers are those of what would have been.
  func json(isImported: Bool, isDryRun: Bool) -> JSONValue {
    let isCounted = isImported || isDryRun
    return [
      "imported": .bool(isImported), "dry_run": .bool(isDryRun),
      "created": .integer(isCounted ? created : 0),
      "changed": .integer(isCounted ? changed : 0),
      "unchanged": .integer(isCounted ? unchanged : 0), "refused": .integer(refused),
      "waiting": .integer(isCounted ? waiting : 0), "unpublished": .integer(unpublished),
      "decided": .integer(isCounted ? decided : 0),
      "decisions": .array(isCounted ? decisions : []),
      "errors": Self.list(errors), "warned": .integer(warned), "warnings": Self.list(warnings),
      "lost": .array(
        losses.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
          .map { ["what": .string($0.key), "count": .integer($0.value)] }),
    ]
  }

  private static func list(_ findings: [(line: Int, reason: String)]) -> JSONValue {
    .array(
      findings.sorted { $0.line < $1.line }
        .map { ["line": .integer($0.line), "reason": .string($0.reason)] })
  }
}
