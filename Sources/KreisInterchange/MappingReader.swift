// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
import Yams

extension ImportMapping {
  /// Bytes that a mapping file may have.
  package static let limit = 65_536

  /// Reads a mapping file.
  ///
  /// - Throws: `MappingError`, naming the line.
  package init(yaml text: String, schema: Schema = .directory) throws(MappingError) {
    guard text.utf8.count <= Self.limit else {
      throw MappingError(line: 1, reason: "the file has more than \(Self.limit) bytes")
    }
    let root: Node?
    do { root = try Yams.compose(yaml: text) } catch let error as YamlError {
      throw MappingReader.error(error)
    } catch { throw MappingError(line: 1, reason: "\(error)") }
    guard let root else { throw MappingError(line: 1, reason: "the file is empty") }
    self = try MappingReader(schema: schema).mapping(root)
  }
}

/// Reads the nodes of a mapping file.
private struct MappingReader {
  let schema: Schema

  private static let recordMembers = ["kind", "as", "when", "key", "fields"]

  func mapping(_ root: Node) throws(MappingError) -> ImportMapping {
    let isShort = root.mapping?.contains { $0.key.scalar?.string == "records" } != true
    let known = ["ignore", "key"] + (isShort ? Self.recordMembers : ["records"])
    let members = try members(of: root, known: known, "the mapping")
    var records: [ImportMapping.RecordRule] = []
    if let list = members["records"] {
      guard case .sequence(let nodes) = list else {
        throw wrong(list, "records takes a list; each begins with \"- kind:\"")
      }
      for node in nodes { records.append(try record(node, known: Self.recordMembers)) }
    } else {
      records = [try record(root, known: known)]
    }
    guard !records.isEmpty else { throw wrong(root, "records is empty") }
    var names: Set<String> = []
    for (index, record) in records.enumerated() where !names.insert(record.name).inserted {
      throw wrong(
        members["records"]?.sequence?[index] ?? root,
        "two records are called \(record.name); name one with as:")
    }
    try checkReferences(records, root)
    return ImportMapping(
      key: isShort ? [] : try columns(members["key"], "key"),
      ignored: try columns(members["ignore"], "ignore"), records: records)
  }

  // MARK: - Records

  private func record(_ node: Node, known: [String]) throws(MappingError)
    -> ImportMapping.RecordRule
  {
    let members = try members(of: node, known: known, "a record")
    guard let kindNode = members["kind"] else {
      throw wrong(node, "a record needs kind:, for example organization")
    }
    let kind: RecordKind
    do { kind = try schema.kind(calling: text(kindNode, "kind")) } catch let error as UnknownName {
      throw wrong(kindNode, error.description)
    } catch let error as MappingError { throw error } catch { throw wrong(kindNode, "\(error)") }
    guard let fieldsNode = members["fields"], case .mapping(let fields) = fieldsNode else {
      throw wrong(members["fields"] ?? node, "a record needs fields:, lines \"field: Column\"")
    }
    var rules: [ImportMapping.FieldRule] = []
    for (key, value) in fields { rules.append(try field(key, value, of: kind)) }
    let name: String
    if let node = members["as"] { name = try text(node, "as") } else { name = kind.name }
    return ImportMapping.RecordRule(
      kind: kind, name: name,
      condition: members["when"] == nil ? nil : try columns(members["when"], "when"),
      key: members["key"] == nil ? nil : try columns(members["key"], "key"), fields: rules)
  }

  private func checkReferences(
    _ records: [ImportMapping.RecordRule], _ root: Node
  ) throws(MappingError) {
    for record in records {
      for rule in record.fields {
        guard case .record(let name) = rule.source else { continue }
        let target = records.first { $0.name == name }
        guard case .reference(let kinds) = rule.column.field.type, let target,
          kinds.isEmpty || kinds.contains(target.kind.name)
        else {
          throw wrong(
            root,
            "\(record.name).\(rule.column.field.name) cannot refer to \(name); records: "
              + records.map { "\($0.name) (\($0.kind.name))" }.joined(separator: ", "))
        }
      }
    }
  }

  // MARK: - Fields

  private func field(
    _ key: Node, _ node: Node, of kind: RecordKind
  ) throws(MappingError) -> ImportMapping.FieldRule {
    let column: RowBuilder.Column
    do { column = try RowBuilder.column(text(key, "a field"), of: kind) } catch {
      throw wrong(key, "\(error)")
    }
    if case .scalar = node {
      let name = ImportMapping.ColumnName(
        text: try text(node, column.field.name), line: line(node))
      return ImportMapping.FieldRule(
        column: column, source: .columns([name], join: " "), values: [:], separator: "|")
    }
    let members = try members(
      of: node,
      known: ["column", "columns", "join", "constant", "record", "values", "separator"],
      "the field \(column.field.name)")
    let sources = try sources(members)
    guard sources.count == 1, let source = sources.first else {
      throw wrong(
        node, "\(column.field.name) needs one of column, columns, constant and record")
    }
    return ImportMapping.FieldRule(
      column: column, source: source, values: try translations(members["values"]),
      separator: try members["separator"].map { node throws(MappingError) in
        try text(node, "separator")
      } ?? "|")
  }

  private func sources(_ members: [String: Node]) throws(MappingError) -> [ImportMapping.Source] {
    var sources: [ImportMapping.Source] = []
    if let node = members["column"] {
      sources.append(.columns(try columns(node, "column"), join: " "))
    }
    if let node = members["columns"] {
      let join: String
      if let node = members["join"] { join = node.scalar?.string ?? " " } else { join = " " }
      sources.append(.columns(try columns(node, "columns"), join: join))
    }
    if let node = members["constant"] { sources.append(.constant(try text(node, "constant"))) }
    if let node = members["record"] { sources.append(.record(try text(node, "record"))) }
    return sources
  }

  /// A value of `~` stands for nothing.
  private func translations(_ node: Node?) throws(MappingError) -> [String: String?] {
    guard let node else { return [:] }
    guard case .mapping(let pairs) = node else {
      throw wrong(node, "values takes lines \"what stands in the table: what it means\"")
    }
    var out: [String: String?] = [:]
    for (key, value) in pairs {
      let from = try text(key, "values").lowercased()
      out[from] = .some(value.null == nil ? try text(value, "values") : nil)
    }
    return out
  }

  // MARK: - Nodes

  private func members(
    of node: Node, known: [String], _ what: String
  ) throws(MappingError) -> [String: Node] {
    guard case .mapping(let mapping) = node else {
      throw wrong(node, "\(what) takes lines \"name: value\"")
    }
    var out: [String: Node] = [:]
    for (key, value) in mapping {
      guard let name = key.scalar?.string, known.contains(name) else {
        throw wrong(
          key,
          "\(what) has no \"\(key.scalar?.string ?? "?")\"; it has \(known.joined(separator: ", "))"
        )
      }
      out[name] = value
    }
    return out
  }

  private func columns(
    _ node: Node?, _ what: String
  ) throws(MappingError) -> [ImportMapping.ColumnName] {
    guard let node else { return [] }
    guard case .sequence(let nodes) = node else {
      return [ImportMapping.ColumnName(text: try text(node, what), line: line(node))]
    }
    var out: [ImportMapping.ColumnName] = []
    for node in nodes {
      out.append(ImportMapping.ColumnName(text: try text(node, what), line: line(node)))
    }
    return out
  }

  private func text(_ node: Node, _ what: String) throws(MappingError) -> String {
    guard let text = node.scalar?.string, !text.isEmpty, node.null == nil else {
      throw wrong(node, "\(what) takes a text")
    }
    return text
  }

  private func line(_ node: Node) -> Int { node.mark?.line ?? 1 }

  private func wrong(_ node: Node, _ reason: String) -> MappingError {
    MappingError(line: line(node), reason: reason)
  }

  static func error(_ error: YamlError) -> MappingError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      MappingError(line: mark.line, reason: problem)
    case .duplicatedKeysInMapping(let duplicates, let context):
      MappingError(
        line: context.mark.line, reason: "\(duplicates.joined(separator: ", ")) stands there twice")
    default: MappingError(line: 1, reason: "\(error)")
    }
  }
}
