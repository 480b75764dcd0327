// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Rows: the lines of the audit log, the oldest first. Outcome `no` if the chain is broken.
  ///
  /// With `offset` and `limit` only these acts are told, the newest first, each as its line with `end`
  /// (the line of its end, or null), behind a row with their `total`, `checked_at` (when the whole chain
  /// was checked) and what `audit-verify` says, without a look at the whole log.
  func audit(_ call: LocalCall) throws -> Outcome {
    guard let limit = try call.optionalInteger("limit") else {
      return try auditLog.read { try call.row($0) }.broken == nil ? .done : .no
    }
    let page = try auditBook.page(
      of: auditLog, offset: max(0, try call.optionalInteger("offset") ?? 0), limit: max(0, limit),
      now: now())
    try call.row(
      .object(
        Self.members(page.report) + [
          .init("total", .integer(page.total)),
          .init("checked_at", .integer(Int(clamping: page.checkedAt))),
        ]))
    for act in page.acts {
      guard case .object(let members) = act.begin else { continue }
      try call.row(.object(members + [.init("end", act.end ?? .null)]))
    }
    return page.report.broken == nil ? .done : .no
  }

  /// Argument: noted (the last hash of an earlier time).
  ///
  /// Row: `lines`, `last` (hash), `torn` (places), `broken_line` with `reason` if the chain is broken,
  /// and `noted`, whether the line with the noted hash is there. Outcome `no` if something is wrong.
  func verifyAudit(_ call: LocalCall) throws -> Outcome {
    let noted = try call.optionalText("noted")?.lowercased()
    var isFollowed = false
    let report = try auditLog.read { line in
      if let noted, line["previous"]?.text == noted { isFollowed = true }
    }
    let isThere = noted.map { isFollowed || report.last == $0 }
    try call.row(
      .object(Self.members(report) + [.init("noted", isThere.map { .bool($0) } ?? .null)]))
    return report.broken == nil && isThere ?? true ? .done : .no
  }

  private static func members(_ report: AuditReport) -> [JSONValue.Member] {
    [
      .init("lines", .integer(report.lines)), .init("last", .string(report.last)),
      .init("torn", .array(report.torn.map { .integer($0) })),
      .init("broken_line", report.broken.map { .integer($0.line) } ?? .null),
      .init("reason", report.broken.map { .string($0.reason) } ?? .null),
    ]
  }

  var auditLog: AuditLog { AuditLog(in: spool) }

  /// Does what `call` asks for and notes it before and after, if it is an administrative act.
  func audited(_ call: LocalCall, _ body: (LocalCall) throws -> Outcome) throws -> Outcome {
    guard let act = AuditedAct(call.request, by: call.peer) else { return try body(call) }
    let number = try auditLog.begin(
      act.name, about: act.about(call.request), by: call.peer, for: call.request.account,
      isRescue: act.isRescue, at: now())
    guard let number else { return try body(call) }
    let records = ConcernedRecords()
    var facts: [JSONValue.Member] = []
    call.witness = { row in
      if let id = act.record(row) { records.add(id) }
      if facts.isEmpty { facts = act.facts(row) }
    }
    let result = Result { try body(call) }
    let outcome: Outcome
    switch result {
    case .success(let value): outcome = value
    case .failure(let error): outcome = CommandError(error).outcome
    }
    // What is done is done: without this line its end is shown as not known.
    try? auditLog.end(number, outcome, about: records.about + facts, at: now())
    return try result.get()
  }
}
