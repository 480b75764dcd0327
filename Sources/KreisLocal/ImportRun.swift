// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

/// A first reading of the whole input, outside any transaction: what is wrong with the rows by
/// themselves, and which keys others may refer to.
struct ImportSurvey {
  let open: () throws -> ImportRows
  private let isTraining: Bool
  private(set) var report = ImportReport()
  private(set) var keys = ImportKeys()
  private(set) var count = 0

  /// - Throws: `CommandError`, and what is wrong with a table's header.
  ///
  /// - Parameter isTraining: whether this is a replica of a training realm, which alone takes rows of
  ///   one.
  init(
    _ call: LocalCall, isTraining: Bool = false, open: @escaping () throws -> ImportRows
  ) throws {
    self.open = open
    self.isTraining = isTraining
    var rows = try open()
    while let next = try rows.next() {
      count += 1
      if count.isMultiple(of: 20_000) {
        try call.checkCancelled()
        try call.progress("\(count) rows read")
      }
      switch next {
      case .refused(let line, let reason): report.refuse(line: line, reason)
      case .row(let row):
        if let reason = take(row, at: count) { report.refuse(line: row.line, reason) }
      }
    }
    for warning in rows.warnings { report.warn(line: warning.line, warning.reason) }
    report.losses = rows.losses
  }

  /// - Returns: why the row is refused.
  private mutating func take(_ row: DirectoryRow, at place: Int) -> String? {
    if isForeign(row) {
      return "the row comes from a training realm, and this is the real directory"
    }
    guard let externalID = row.externalID else {
      return row.id == nil
        ? "neither external_id nor id: imported twice it would be there twice" : nil
    }
    let key = ImportKey(row.kind, externalID)
    let known = keys.add(
      key, .init(line: row.line, place: place), id: row.id.flatMap { RecordID(text: $0) })
    return known.map { "external_id „\(externalID)“ stands in line \($0.line) already" }
  }

  private func isForeign(_ row: DirectoryRow) -> Bool { row.isTraining && !isTraining }

  /// Whether `take` refused this row.
  func refused(_ row: DirectoryRow, at place: Int) -> Bool {
    if isForeign(row) { return true }
    guard let externalID = row.externalID else { return row.id == nil }
    return keys[ImportKey(row.kind, externalID)]?.place != place
  }
}

/// The second reading: writes every row in one transaction.
struct ImportRun {
  private let survey: ImportSurvey
  private let occasion: Occasion
  /// Rows that an earlier attempt found to be refused.
  private let refused: Set<ImportKey>
  /// Where it is told what becomes of each row; `nil`: nowhere.
  private let plan: ImportPlan?
  private(set) var report: ImportReport
  /// Records of rows that were looked at, by the numbers of their keys.
  private var done: [RecordID?]
  /// Records that rows refer to and that were found in the store.
  private var found: [ImportKey: RecordID] = [:]
  /// Ids given to rows that others refer to before they were looked at.
  private var promised: [ImportKey: RecordID] = [:]
  private var currentLine = 0
  /// By kind and external id, the records that stand in place of this member's merged ones.
  private var merged: [UInt32: [String: RecordID]] = [:]
  private var currentPlace = 0
  /// By kind, records by what people call them, as long as none of the kind was written.
  private var named: [UInt32: [String: RecordID]] = [:]

  init(
    _ survey: ImportSurvey, refused: Set<ImportKey>, occasion: Occasion, plan: ImportPlan? = nil
  ) {
    self.survey = survey
    self.refused = refused
    self.occasion = occasion
    self.plan = plan
    report = survey.report
    done = Array(repeating: nil, count: survey.keys.count)
  }

  /// Rows that others refer to although they were refused.
  var broken: Set<ImportKey> { Set(promised.keys) }

  /// - Throws: `StoreError` and `CommandError` for what concerns not a single row.
  mutating func apply(_ transaction: Transaction, _ call: LocalCall) throws {
    let lookup = transaction.lookup
    var rows = try survey.open()
    var count = 0
    while let next = try rows.next() {
      count += 1
      if count.isMultiple(of: 5_000) {
        try call.checkCancelled()
        try call.progress("\(count) of \(survey.count) rows written")
      }
      guard case .row(let row) = next, !survey.refused(row, at: count) else { continue }
      currentPlace = count
      do { try take(row, transaction, lookup, call) } catch StoreError.rejected(let reason, _) {
        report.refuse(line: row.line, reason.replacing("\n", with: " · "))
      } catch let error as CommandError where error.outcome == .wrongUse {
        report.refuse(line: row.line, error.text)
      }
    }
  }

  private mutating func take(
    _ row: DirectoryRow, _ transaction: Transaction, _ lookup: Lookup, _ call: LocalCall
  ) throws {
    currentLine = row.line
    let key = row.externalID.map { ImportKey(row.kind, $0) }
    if let key, let kept = try kept(key, row.kind, transaction) {
      report.unchanged += 1
      report.warn(
        line: row.line, "the record of this row was merged into \(kept); the row was not taken")
      note(kept, key)
      return
    }
    let edits = try edits(of: row, transaction, lookup)
    for warning in row.kind.caseNotes(in: edits.flatMap(\.fieldValues)) {
      report.warn(line: row.line, warning)
    }
    let known = try existing(row, key, lookup)
    let publishing: Publishing
    do { publishing = try Publishing(edits, on: known, call, transaction) } catch let error
      as CommandError
    {
      report.unpublished += 1
      throw error
    }
    if let id = known {
      let decided = try transaction.decided(id, publishing.edits)
      try plan?.change(
        row, id, transaction.planned(id, publishing.edits), waiting: publishing.waiting)
      let isChanged = try transaction.change(id, publishing.edits, occasion) > 0
      if isChanged { report.changed += 1 } else { report.unchanged += 1 }
      for write in decided { report.decide(row, id, write) }
      if isChanged { named[row.kind.tag] = nil }
      if let key { note(id, key) }
      try file(publishing, for: id, transaction)
    } else if let key {
      let id = try transaction.create(row.kind, publishing.edits, occasion, id: promised[key])
      note(id, key)
      promised[key] = nil
      named[row.kind.tag] = nil
      try plan?.create(row, publishing)
      report.created += 1
      try file(publishing, for: id, transaction)
    }
  }

  private mutating func file(
    _ publishing: Publishing, for id: RecordID, _ transaction: Transaction
  ) throws {
    guard !publishing.waiting.isEmpty else { return }
    _ = try publishing.file(for: id, occasion, transaction)
    report.waiting += publishing.waiting.count
  }

  private func existing(
    _ row: DirectoryRow, _ key: ImportKey?, _ lookup: Lookup
  ) throws -> RecordID? {
    if let text = row.id, let id = RecordID(text: text) {
      guard let kind = try lookup.kind(of: id) else {
        throw CommandError(.wrongUse, "there is no record \(id) here; leave id out to create one")
      }
      guard kind == row.kind else {
        throw CommandError(.wrongUse, "\(id) is of kind \(kind.name), not \(row.kind.name)")
      }
      return id
    }
    guard let key, promised[key] == nil else { return nil }
    return try noted(key) ?? known(row.kind, key.externalID, lookup)
  }

  private func noted(_ key: ImportKey) -> RecordID? {
    survey.keys.number(of: key).flatMap { done[$0] } ?? found[key]
  }

  private mutating func note(_ id: RecordID, _ key: ImportKey) {
    if let number = survey.keys.number(of: key) { done[number] = id } else { found[key] = id }
  }

  /// The record that this member created under the external id, or that has it as its own id: what
  /// went out as HSDS comes back so.
  private func known(
    _ kind: RecordKind, _ externalID: String, _ lookup: Lookup
  ) throws -> RecordID? {
    if let id = try lookup.ownRecord(kind, externalID: externalID) { return id }
    guard let id = RecordID(text: externalID), try lookup.kind(of: id) == kind else { return nil }
    return id
  }

  /// What stands in place of a record that was merged: a source that still has it must not bring it
  /// back.
  private mutating func kept(
    _ key: ImportKey, _ kind: RecordKind, _ transaction: Transaction
  ) throws -> RecordID? {
    let known = try merged[kind.tag] ?? transaction.mergedRows(kind)
    merged[kind.tag] = known
    guard let kept = known[key.externalID],
      try transaction.lookup.ownRecord(kind, externalID: key.externalID) == nil
    else { return nil }
    return kept
  }

  // MARK: - Values

  private mutating func edits(
    of row: DirectoryRow, _ transaction: Transaction, _ lookup: Lookup
  ) throws -> [Edit] {
    try row.values.compactMap { entry in
      let content: Edit.Content
      switch entry.edit {
      case .set(let value):
        guard let text = try optionalText(value, entry, transaction, lookup) else { return nil }
        content = .value(text)
      case .elements(let elements):
        content = .elements(
          try elements.compactMap { try optionalText($0, entry, transaction, lookup) })
      case .withdraw: content = .withdrawn
      }
      // A field that stands in a narrower scope stays there unless the row names its scope, or
      // names the field for several: nothing becomes public by an import (I7).
      let isStated =
        entry.scope != entry.field.scope
        || row.values.count { $0.field.tag == entry.field.tag } > 1
      return Edit(entry.field, content, in: isStated ? entry.scope : nil)
    }
  }

  /// `nil` for a reference that leads nowhere and may be left out.
  private mutating func optionalText(
    _ value: RowValue, _ entry: DirectoryRow.Entry, _ transaction: Transaction, _ lookup: Lookup
  ) throws -> String? {
    do { return try text(value, entry.field, transaction, lookup) } catch let error as CommandError
      where entry.isOptional && error.outcome == .wrongUse
    {
      report.warn(line: currentLine, "\(error.text); left out")
      return nil
    }
  }

  private mutating func text(
    _ value: RowValue, _ field: Field, _ transaction: Transaction, _ lookup: Lookup
  ) throws -> String {
    guard case .reference(let reference) = value else { return value.text }
    guard case .reference(let names) = field.type else { return value.text }
    let kinds = names.compactMap { try? Schema.directory.kind(named: $0) }
    let what = names.isEmpty ? "record" : names.joined(separator: " or ")
    switch reference {
    case .key(let key):
      if let id = try own(key, kinds, transaction, lookup) { return id.description }
      if let id = try lookup.record(externalID: key, kinds) { return id.description }
      throw CommandError(
        .wrongUse,
        "\(field.name): there is no \(what) with the external id „\(key)“"
          + (isRefused(key, kinds) ? "; its row was refused" : ""))
    // One that is not known here may still arrive; of what kind it must be, the store checks.
    case .id(let text): return text
    case .name(let name):
      guard let kind = kinds.first, let id = try record(named: name, kind, lookup) else {
        throw CommandError(
          .wrongUse,
          "\(field.name): there is no \(what) called „\(name)“; kreisnetz list \(what) shows all")
      }
      return id.description
    }
  }

  /// A look through all categories for each row would take most of the time.
  private mutating func record(
    named name: String, _ kind: RecordKind, _ lookup: Lookup
  ) throws -> RecordID? {
    if let known = named[kind.tag]?[name] { return known }
    let found = try lookup.record(named: name, kind: kind)
    named[kind.tag, default: [:]][name] = found
    return found
  }

  private func isRefused(_ key: String, _ kinds: [RecordKind]) -> Bool {
    kinds.contains { survey.keys[ImportKey($0, key)] != nil }
  }

  /// A record of this member, or one that a later row is going to create.
  private mutating func own(
    _ externalID: String, _ kinds: [RecordKind], _ transaction: Transaction, _ lookup: Lookup
  ) throws -> RecordID? {
    for kind in kinds.isEmpty ? Schema.directory.kinds : kinds {
      let key = ImportKey(kind, externalID)
      if let id = noted(key) ?? promised[key] ?? survey.keys.id(beside: key) { return id }
      if let id = try known(kind, externalID, lookup) ?? kept(key, kind, transaction) {
        note(id, key)
        return id
      }
      // A row that was looked at and not taken has no id; one that is to come gets it now.
      guard let place = survey.keys[key]?.place, place > currentPlace, !refused.contains(key)
      else { continue }
      let id = transaction.newRecordID()
      promised[key] = id
      return id
    }
    return nil
  }
}
