// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Rows: every entry of every log, `LogJSON.entry`.
  func exportLog(_ call: LocalCall) throws -> Outcome {
    try stream { snapshot in
      try checkShown(snapshot)
      try snapshot.exportLog { try call.row(LogJSON.entry($0)) }
    }
    return .done
  }

  /// Rows: one object per record with its id as the only member, ascending, `LogJSON.state`.
  func foldLog(_ call: LocalCall) throws -> Outcome {
    try stream { snapshot in
      try checkShown(snapshot)
      try snapshot.foldAll { state in
        guard !state.scopes.isEmpty else { return }
        try call.row(.object([.init(state.record.description, LogJSON.state(state))]))
      }
    }
    return .done
  }

  /// Row: what was checked and what differs. Outcome `no` if anything does.
  func verifyLog(_ call: LocalCall) throws -> Outcome {
    let report = try stream { snapshot in
      var failure: (any Error)?
      let report = try snapshot.verify { what, done in
        do { try call.progress("\(done) \(what)") } catch { failure = failure ?? error }
      }
      if let failure { throw failure }
      return report
    }
    try call.row(LogJSON.verification(report))
    return report.isSound ? .done : .no
  }
}

/// Entries and folded states as JSON for audits: another program can recompute one from the other.
enum LogJSON {
  /// One entry:
  ///
  ///     {"hash","member","generation","scope","sequence","at","record","kind","record_kind",
  ///      "writes":[{"tag","element"?,"bases":[…],"withdraw"?,"origin"?}],"values":[…] or null,
  ///      "role"?,"reason"?,"control"?}
  ///
  /// `values` are in the order of the writes that neither withdraw nor name an element nor are the
  /// flag `deleted`; `null` where there are none or they were destroyed.
  static func entry(_ entry: ExportedEntry) -> JSONValue {
    let header = entry.header
    let kind = Schema.directory.kind(tag: header.recordKind)
    var members: [JSONValue.Member] = [
      .init("hash", .string(entry.hash.description)),
      .init("member", .string(entry.log.member.description)),
      .init("generation", .integer(Int(entry.log.generation))),
      .init("scope", .string(entry.log.scope.description)),
      .init("sequence", .integer(Int(entry.sequence))),
      .init("at", .integer(Int(header.recordedAt))),
      .init("record", header.record.map { .string($0.description) } ?? .null),
      .init("kind", .string(header.kind.name)),
      .init("record_kind", recordKind(header.recordKind, kind)),
      .init("writes", .array(header.writes.map { write($0, kind) })),
      .init(
        "values", entry.values.map { .array($0.values.map { .string($0) }) } ?? .null),
    ]
    if let role = entry.values?.role, !role.isEmpty { members.append(.init("role", .string(role))) }
    if let reason = entry.values?.reason, !reason.isEmpty {
      members.append(.init("reason", .string(reason)))
    }
    if header.kind == .control { members.append(.init("control", control(header.control))) }
    return .object(members)
  }

  private static func recordKind(_ tag: UInt32, _ kind: RecordKind?) -> JSONValue {
    if let kind { return .string(kind.name) }
    return tag == 0 ? .null : .integer(Int(tag))
  }

  private static func write(_ write: Write, _ kind: RecordKind?) -> JSONValue {
    var members = [JSONValue.Member("tag", RecordJSON.tag(write.register.tag, kind))]
    if let element = write.register.element { members.append(.init("element", .string(element))) }
    members.append(.init("bases", .array(write.bases.map { .string($0.description) })))
    if write.content == .withdrawn { members.append(.init("withdraw", .bool(true))) }
    if let origin = write.origin { members.append(.init("origin", .string(origin.description))) }
    return .object(members)
  }

  // MARK: - Folded state

  /// Scope → register → heads, the winner first: `hash`, `by`, `value`. The value of a present
  /// element or flag is `true`; of a withdrawal it is `null` beside `"withdraw":true`.
  static func state(_ state: RecordState) -> JSONValue {
    .object(
      state.scopes.sorted { $0.key.description < $1.key.description }.map { scope, part in
        let kind = Schema.directory.kind(tag: part.kind)
        return .init(
          scope.description,
          .object(
            part.registers.map { register, heads in
              .init(name(register, kind), .array(heads.map(head)))
            }.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }))
      })
  }

  private static func name(_ register: Register, _ kind: RecordKind?) -> String {
    let name =
      switch RecordJSON.tag(register.tag, kind) {
      case .string(let name): name
      default: String(register.tag)
      }
    return register.element.map { "\(name)/\($0)" } ?? name
  }

  private static func head(_ head: Head) -> JSONValue {
    let value: JSONValue =
      switch head.content {
      case .value: head.value.map { .string($0) } ?? .null
      case .present: .bool(true)
      case .withdrawn: .null
      }
    var members: [JSONValue.Member] = [
      .init("by", .string(head.log.member.description)),
      .init("hash", .string(head.hash.description)), .init("value", value),
    ]
    if head.content == .withdrawn { members.append(.init("withdraw", .bool(true))) }
    return .object(members)
  }

  // MARK: - Verification

  static func verification(_ report: Verification) -> JSONValue {
    [
      "sound": .bool(report.isSound), "entries": .integer(report.entriesHashed),
      "records": .integer(report.recordsFolded), "scopes": .array(report.scopes.map(digest)),
      "differences": .array(report.differences.map { .string($0) }),
    ]
  }

  private static func digest(_ digest: ScopeDigest) -> JSONValue {
    [
      "scope": .string(digest.scope.description), "entries": .integer(digest.entries),
      "records": .integer(digest.records), "missing_values": .integer(digest.missingValues),
      "feed": digest.feed.map(position) ?? .null, "logs": .string(digest.logs.description),
      "state": .string(digest.state.description),
    ]
  }

  static func position(_ position: FeedPosition) -> JSONValue {
    [
      "position": .integer(Int(position.position)), "hash": .string(position.hash.description),
    ]
  }
}
