// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Arguments: format (by default ndjson), kinds (by default all that the format takes), scope (the
  /// narrowest that goes out), own (only what this member keeps, and its notes on other records).
  ///
  /// Rows: in NDJSON records as `import` reads them, with every scope's values: `phone`,
  /// `phone@coordination`. In other formats `{"text"}`, pieces of the result in their order; of
  /// several tables each piece with its `file`. Between them `{"note"}` on what is left out.
  func export(_ call: LocalCall) throws -> Outcome {
    let wish = try ExportWish(call, schema)
    let seconds = Int(now())
    try stream { snapshot in
      try checkShown(snapshot)
      let directory = try ExportedDirectory(snapshot, readers: wish.readers, on: today)
      let run = ExportRun(
        call: call, wish: wish, directory: directory, realm: snapshot.identity.realm.description,
        now: seconds)
      try run.write()
    }
    return .done
  }
}

/// What is to be exported.
struct ExportWish {
  enum Format: String, CaseIterable {
    case ndjson, csv, vcard, ical, hsds

    /// The kinds that the format has a form for; `nil` if it takes all.
    var kinds: [String]? {
      switch self {
      case .ndjson, .csv: nil
      case .vcard: ["contact", "organization"]
      case .ical: ["schedule", "network_meeting"]
      case .hsds: ["organization"]
      }
    }

    /// Those whom a file of this format may be for, the default first. Rows are for whoever works
    /// with the directory; the other formats leave the house.
    var readers: [ScopeKind] {
      switch self {
      case .ndjson, .csv: [.local, .coordination, .kreis, .public]
      case .vcard, .ical, .hsds: [.public, .kreis]
      }
    }
  }

  let format: Format
  let kinds: [RecordKind]
  let readers: ScopeKind
  /// Only the records that this member keeps, and of others its own notes.
  let isOwn: Bool

  /// - Throws: `CommandError` for what the format cannot do.
  init(_ call: LocalCall, _ schema: Schema) throws {
    let name = try call.optionalText("format") ?? "ndjson"
    guard let format = Format(rawValue: name) else {
      throw CommandError(
        .wrongUse, "„\(name)“ cannot be exported; formats: \(Self.list(Format.allCases))")
    }
    self.format = format
    let scope = try call.optionalText("scope")
    let readers = scope.map { ScopeKind(rawValue: $0) } ?? format.readers[0]
    guard let readers, format.readers.contains(readers) else {
      throw CommandError(
        .wrongUse,
        "„\(scope ?? "")“ is no scope for \(name); scopes: \(Self.list(format.readers.reversed()))")
    }
    self.readers = readers
    isOwn = try call.flag("own")
    guard !isOwn || [.ndjson, .csv].contains(format) else {
      throw CommandError(
        .wrongUse, "What a member keeps is exported as ndjson or csv, not as \(name).")
    }
    kinds = try Self.kinds(call, format, schema)
  }

  private static func kinds(
    _ call: LocalCall, _ format: Format, _ schema: Schema
  ) throws -> [RecordKind] {
    let names = try call.list("kinds").compactMap(\.text)
    let all = try format.kinds?.map { try schema.kind(named: $0) } ?? schema.kinds
    guard !names.isEmpty else { return all }
    return try names.map { name in
      let kind: RecordKind
      do { kind = try schema.kind(named: name) } catch {
        throw CommandError(.wrongUse, "\(error)")
      }
      guard all.contains(kind) else {
        throw CommandError(
          .wrongUse,
          "\(format.rawValue) has no form for \(name); it takes "
            + all.map(\.name).joined(separator: " and ") + ".")
      }
      return kind
    }
  }

  private static func list(_ values: some Sequence<some RawRepresentable<String>>) -> String {
    values.map(\.rawValue).joined(separator: ", ")
  }
}
