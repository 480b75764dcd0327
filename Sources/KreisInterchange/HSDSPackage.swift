// SPDX-License-Identifier: EUPL-1.2

/// Reads a tabular data package of HSDS: `datapackage.json` and the CSV files that it names, of
/// version 3.0, and as far as they say the same of 1.1 and 2.0.
///
/// Gives each organization, location, service and category with the rows of other tables that belong
/// to it, as lines that `HSDSRows` reads. The tables are held in memory for that.
package struct HSDSPackage {
  /// Bytes that all cells of a package may have together.
  static let sizeLimit = 256 << 20
  /// Bytes that `datapackage.json` may have.
  static let descriptorLimit = 4 << 20

  /// Tables about the tables.
  private static let ignored: Set = ["metadata", "meta_table_descriptions"]

  /// The lines still to be given, the next one last.
  private var waiting: [(table: String, row: HSDSTable.Row)]
  private var tables: [String: HSDSTable] = [:]

  /// Opens the package.
  ///
  /// - Parameter open: gives the content of a file of the package, or `nil` if it has none of this
  ///   name.
  /// - Throws: `LineError` with the file in its reason, and what `open` and the sources throw.
  package init(open: (_ path: String) throws -> ChunkSource?) throws {
    guard let descriptor = try open("datapackage.json") else {
      throw LineError(line: 1, reason: "the directory has no datapackage.json")
    }
    var size = 0
    for path in try Self.resources(descriptor) {
      // Some packages have the tables in a directory that their descriptor does not name.
      guard let source = try open(path) ?? open("data/" + path) else { continue }
      let form = HSDSTable.form(of: Self.stem(path))
      guard !Self.ignored.contains(form.table) else { continue }
      do { try tables[form.table, default: HSDSTable()].read(source, path, form, &size) } catch let
        error as LineError
      {
        throw LineError(line: error.line, reason: "\(path): \(error.reason)")
      }
    }
    let main = ["program", "service", "location", "organization", "taxonomy_term"]
    let known = main + HSDSTable.children.map(\.table)
    waiting = tables.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }
      .flatMap { name, table in table.rows.map { (name, $0) } }
    for table in main {
      waiting += (tables[table]?.rows ?? []).reversed().map { (table, $0) }
    }
    for name in HSDSTable.children.map(\.table) { tables[name]?.group(HSDSTable.owners(of: name)) }
    tables["taxonomy_term"]?.group(["id"])
  }

  /// The next line; `nil` at the end.
  package mutating func next() throws -> [UInt8]? {
    guard let (table, row) = waiting.popLast() else { return orphans() }
    return line(table, row, .object(nested(table, row, depth: 0)))
  }

  // MARK: - Nesting

  private mutating func nested(
    _ table: String, _ row: HSDSTable.Row, depth: Int
  ) -> [JSONValue.Member] {
    var members = row.members
    guard case .string(let id)? = row.members.first(where: { $0.name == "id" })?.value, depth < 4
    else { return members }
    for child in HSDSTable.children {
      for owner in child.owners where owner.table == table {
        let rows = tables[child.table]?.take(owner.column, id, of: table) ?? []
        guard !rows.isEmpty else { continue }
        members.append(
          JSONValue.Member(
            child.list,
            .array(
              rows.map { row in
                .object(
                  nested(child.table, row, depth: depth + 1) + term(child.table, row))
              })))
      }
    }
    return members
  }

  /// The category that an attribute names.
  private func term(_ table: String, _ row: HSDSTable.Row) -> [JSONValue.Member] {
    guard table == "attribute",
      case .string(let id)? = row.members.first(where: { $0.name == "taxonomy_term_id" })?.value,
      let term = tables["taxonomy_term"]?.rows(where: "id", is: id).first
    else { return [] }
    return [JSONValue.Member("taxonomy_term", .object(term.members))]
  }

  /// Rows that belong to nothing in the package, so that they are told.
  private mutating func orphans() -> [UInt8]? {
    for child in HSDSTable.children {
      if let row = tables[child.table]?.takeAny() {
        return line(child.table, row, .object(row.members))
      }
    }
    return nil
  }

  private func line(_ table: String, _ row: HSDSTable.Row, _ json: JSONValue) -> [UInt8] {
    JSONWriter.bytes(
      of: [
        "table": .string(table), "file": .string(row.file), "line": .integer(row.line),
        "row": json,
      ]) + [0x0A]
  }

  // MARK: - Files

  /// The files of the package. None outside of the directory is read.
  private static func resources(_ descriptor: ChunkSource) throws -> [String] {
    var bytes: [UInt8] = []
    while let chunk = try descriptor() {
      bytes += chunk
      guard bytes.count <= descriptorLimit else { break }
    }
    let json: JSONValue
    do { json = try JSONParser.parse(bytes, limit: descriptorLimit) } catch {
      throw LineError(line: error.line, reason: "datapackage.json: \(error.reason)")
    }
    guard case .array(let resources) = json["resources"] else {
      throw LineError(line: 1, reason: "datapackage.json: it names no resources")
    }
    return resources.compactMap { resource in
      guard case .string(let path) = resource["path"], !path.hasPrefix("/"),
        !path.split(separator: "/").contains("..")
      else { return nil }
      return path
    }
  }

  private static func stem(_ path: String) -> String {
    let file = path.split(separator: "/").last ?? ""
    return String(file.split(separator: ".").first ?? "")
  }
}
