// SPDX-License-Identifier: EUPL-1.2

import GRDB
package import KreisCore

extension RecordKind {
  /// The field by which people call a record of this kind; `nil` for kinds that only link others.
  package var naming: Field? {
    if let name = fields.first(where: { $0.name == "name" }) { return name }
    let own = fields.filter { field in
      guard field.tag >= 16, !field.isSet else { return false }
      return switch field.type {
      case .text, .phone: true
      default: false
      }
    }
    return own.first(where: \.required) ?? own.first
  }
}

extension Snapshot {
  /// A record's kind and the name that people call it by, as the directory tables have them.
  ///
  /// - Returns: `nil` if there is no such record, or its kind is not known to this version.
  package func naming(of id: RecordID) throws -> (kind: RecordKind, name: String?)? {
    guard let key = try ledger.certainKey(of: id), case let record = try sealed(key),
      let kind = tables.schema.kind(tag: record.seal.kind)
    else { return nil }
    guard let field = kind.naming, let row = record.seal.row,
      let index = kind.fields.firstIndex(where: { $0.tag == field.tag })
    else { return (kind, nil) }
    // After record and id.
    return (kind, String.fromDatabaseValue(row[index + 2]))
  }
}
