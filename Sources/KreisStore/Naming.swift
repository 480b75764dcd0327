import Foundation
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
    guard
      let row = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT record, kind FROM record WHERE id = ?"),
        arguments: [Data(id.bytes)]), let kind = tables.schema.kind(tag: UInt32(row[1] as Int64))
    else { return nil }
    guard let field = kind.naming else { return (kind, nil) }
    let name = try String.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT \(DirectoryTables.quoted(field.name)) FROM \(DirectoryTables.quoted(kind.name))
          WHERE record = ?
          """), arguments: [row[0] as Int64])
    return (kind, name)
  }
}
