// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

/// One export while it runs: what goes out is sent record by record.
final class ExportRun {
  /// Notes on single records; of more only the number is told.
  private static let noteLimit = 20

  private let call: LocalCall
  private let wish: ExportWish
  private let directory: ExportedDirectory
  private let realm: String
  private let now: Int
  private var written = 0
  private var leftOut = 0

  /// - Parameter now: seconds since 1970.
  init(
    call: LocalCall, wish: ExportWish, directory: ExportedDirectory, realm: String, now: Int
  ) {
    self.call = call
    self.wish = wish
    self.directory = directory
    self.realm = realm
    self.now = now
  }

  func write() throws {
    switch wish.format {
    case .ndjson: try rows()
    case .csv: try tables()
    case .vcard: try cards()
    case .ical: try calendar()
    case .hsds: try humanServices()
    }
    if leftOut > Self.noteLimit {
      try note("… and \(leftOut - Self.noteLimit) more are left out.")
    }
    if written == 0, wish.readers == .public {
      try note(
        "Nothing of this is public. With --scope kreis goes out what network partners may read.")
    }
  }

  // MARK: - Formats

  private func rows() throws {
    for kind in wish.kinds {
      try directory.visit(kind) { state in
        let row = row(of: state, kind)
        guard !row.values.isEmpty else { return }
        written += 1
        try call.row(row.json)
      }
    }
  }

  private func tables() throws {
    let scopes = Set(ScopeKind.allCases.filter { $0.isSeen(by: wish.readers) })
    for kind in wish.kinds {
      var used: Set<DirectoryTable.Column> = []
      var count = 0
      try directory.visit(kind) { state in
        let row = row(of: state, kind)
        used.formUnion(row.values.map { DirectoryTable.Column($0.field, $0.scope) })
        count += row.values.isEmpty ? 0 : 1
      }
      // A table that was asked for by name exists, even without a line.
      guard count > 0 || wish.kinds.count == 1 else { continue }
      let table = DirectoryTable(
        kind: kind, scopes: scopes, used: used, isTraining: directory.isTraining)
      let file = "\(kind.name).csv"
      try send(table.header(), file: file)
      try directory.visit(kind) { state in
        let row = row(of: state, kind)
        guard !row.values.isEmpty else { return }
        written += 1
        try send(table.line(row), file: file)
      }
    }
  }

  private func row(of state: RecordState, _ kind: RecordKind) -> DirectoryRow {
    let row = DirectoryRow(
      state, kind, readers: wish.readers, isTraining: directory.isTraining)
    guard wish.isOwn, !directory.isOwn(state) else { return row }
    return DirectoryRow(
      line: 0, kind: kind, id: row.id, values: row.values.filter { $0.scope == .local },
      isTraining: row.isTraining)
  }

  private func cards() throws {
    let writer = CardWriter(source: directory.source, now: now)
    for kind in wish.kinds {
      try directory.records(kind) { try take(writer.card($0), of: $0) }
    }
  }

  private func calendar() throws {
    let writer = CalendarWriter(
      source: directory.source, realm: realm, now: now, holidays: try directory.schoolHolidays())
    try send(writer.header())
    for kind in wish.kinds {
      try directory.records(kind) { try take(writer.event($0), of: $0) }
    }
    try send(writer.footer())
  }

  private func humanServices() throws {
    var writer = HSDSWriter(source: directory.source, now: now)
    try send(writer.header())
    for kind in wish.kinds {
      try directory.records(kind) { try take(writer.organization($0), of: $0) }
    }
    try send(writer.footer())
    for name in ["service", "network"] {
      try directory.records(Schema.directory.kind(named: name)) { record in
        if let reason = try writer.missingOwner(of: record) {
          try take(.leftOut(reason), of: record)
        }
      }
    }
  }

  // MARK: - Results

  private func take(_ result: ExportResult, of record: ExportRecord) throws {
    switch result {
    case .written(let bytes):
      written += 1
      try send(bytes)
    case .leftOut(let reason):
      leftOut += 1
      guard leftOut <= Self.noteLimit else { return }
      let name = record["name"].map { " „\($0)“" } ?? ""
      try note("\(record.kind.name) \(record.id)\(name) is left out: \(reason).")
    }
  }

  private func send(_ bytes: [UInt8], file: String? = nil) throws {
    try call.checkCancelled()
    let text = JSONValue.Member("text", .string(String(decoding: bytes, as: UTF8.self)))
    try call.row(.object((file.map { [.init("file", .string($0))] } ?? []) + [text]))
  }

  private func note(_ text: String) throws { try call.row(["note": .string(text)]) }
}

extension DirectoryRow {
  /// A record as it stands, with the winning value of each field in each scope that `readers` have.
  ///
  /// - Parameter isTraining: whether the row is to say that it comes from a training realm.
  init(
    _ state: RecordState, _ kind: RecordKind, readers: ScopeKind, isTraining: Bool = false
  ) {
    var entries: [Entry] = []
    for (scope, part) in state.scopes.sorted(by: { $0.key < $1.key })
    where ScopeKind(scope).isSeen(by: readers) && !state.isDeleted(in: scope) {
      let live = part.registers.compactMapValues { $0.first?.isLive == true ? $0.first : nil }
      let place = ScopeKind(scope)
      for field in kind.fields {
        if field.isSet {
          let elements = live.keys.filter { $0.tag == field.tag }.compactMap(\.element).sorted()
          guard !elements.isEmpty else { continue }
          entries.append(Entry(field, .elements(elements.map { .text($0) }), scope: place))
        } else if let value = live[Register(tag: field.tag)]?.value {
          entries.append(Entry(field, .set(.text(value)), scope: place))
        }
      }
    }
    self.init(
      line: 0, kind: kind, id: state.record.description, values: entries, isTraining: isTraining)
  }
}
