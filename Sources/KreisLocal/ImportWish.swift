// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

/// What is to be imported, and how.
struct ImportWish {
  enum Format: String, CaseIterable {
    case ndjson, csv, hsds
    /// The tables of a data package, in the form that `HSDSPackage` sends them.
    case hsdsTables = "hsds-tables"
  }

  let format: Format
  /// The kind of rows that name none.
  let kind: RecordKind?
  /// Fields that name a row without an id; empty: none.
  let key: [String]
  let mapping: ImportMapping?
  /// On which persons are recorded whom HSDS names.
  let legalBasis: String?
  let keepsGoing: Bool
  let isDryRun: Bool

  /// - Throws: `CommandError` for what cannot be done.
  init(_ call: LocalCall, _ schema: Schema) throws {
    let name = try call.optionalText("format") ?? "ndjson"
    guard let format = Format(rawValue: name) else {
      throw CommandError(
        .wrongUse,
        "„\(name)“ cannot be imported; formats: "
          + Format.allCases.map(\.rawValue).joined(separator: ", "))
    }
    self.format = format
    if let name = try call.optionalText("kind") {
      do { kind = try schema.kind(named: name) } catch {
        throw CommandError(.wrongUse, error.description)
      }
    } else {
      kind = nil
    }
    let key = try call.optionalText("key") ?? "external_id"
    self.key =
      key == "external_id"
      ? [] : key.split(separator: ",").map { String($0.drop { $0 == " " }) }
    guard self.key.isEmpty || format == .csv else {
      throw CommandError(
        .wrongUse,
        "Rows of \(name) are found again by external_id; other fields can name those of a CSV file."
      )
    }
    if let text = try call.optionalText("mapping") {
      guard format == .csv, self.key.isEmpty, kind == nil else {
        throw CommandError(
          .wrongUse,
          "A mapping is for CSV files, and says itself which kinds there are and what names a row.")
      }
      do { mapping = try ImportMapping(yaml: text, schema: schema) } catch {
        throw CommandError(.wrongUse, error.description)
      }
    } else {
      mapping = nil
    }
    if let text = try call.optionalText("legal_basis") {
      guard format == .hsds || format == .hsdsTables else {
        throw CommandError(
          .wrongUse, "Only HSDS needs a legal basis named; other files have a column for it.")
      }
      do {
        legalBasis = try schema.kind(named: "contact").field(named: "legal_basis").validate(text)
      } catch { throw CommandError(.wrongUse, "\(error)") }
    } else {
      legalBasis = nil
    }
    keepsGoing = try call.flag("keep_going")
    isDryRun = try call.flag("dry_run")
  }
}
