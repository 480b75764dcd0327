// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
package import KreisInterchange

/// One change of a field as people type it.
///
///     argument = name ["@" scope] ("=" / "+=" / "-=") value
///
/// `name=` withdraws the field; `name=@FILE` takes the value from a file, `name=@@x` is the value
/// `@x`. Of a set, `name=a|b` names all its elements.
package struct FieldChange: Hashable, Sendable {
  package enum Operation: String, Hashable, Sendable {
    case set = "="
    case insert = "+="
    case remove = "-="
  }

  package let field: String
  package let scope: ScopeKind?
  package let operation: Operation
  package let value: String

  package init(field: String, scope: ScopeKind?, operation: Operation, value: String) {
    self.field = field
    self.scope = scope
    self.operation = operation
    self.value = value
  }

  /// Reads an argument.
  ///
  /// - Parameter file: reads the file of a value `@FILE`.
  /// - Throws: `CommandError` if it is no such argument, and what `file` throws.
  package init(argument: String, file: (String) throws -> String) throws {
    guard let sign = argument.firstIndex(of: "="), sign != argument.startIndex else {
      throw CommandError(
        .wrongUse,
        "„\(argument)“ is no change of a field; write field=value, for example city=Balve."
      )
    }
    var name = argument[..<sign]
    let operation: Operation =
      switch name.last {
      case "+": .insert
      case "-": .remove
      default: .set
      }
    if operation != .set { name = name.dropLast() }
    let raw = String(argument[argument.index(after: sign)...])
    let value =
      if raw.hasPrefix("@@") {
        String(raw.dropFirst())
      } else if raw.hasPrefix("@") {
        try file(String(raw.dropFirst()))
      } else {
        raw
      }
    guard operation == .set || !value.isEmpty else {
      throw CommandError(.wrongUse, "„\(argument)“ names no element.")
    }
    let (field, scope) = try Self.place(String(name))
    self.init(field: field, scope: scope, operation: operation, value: value)
  }

  /// `field` or `field@scope`.
  package static func place(_ name: String) throws(CommandError) -> (String, ScopeKind?) {
    guard let sign = name.firstIndex(of: "@") else { return (name, nil) }
    let scope = String(name[name.index(after: sign)...])
    guard let kind = ScopeKind(rawValue: scope) else {
      throw CommandError(
        .wrongUse,
        "„\(scope)“ is no scope; scopes: "
          + ScopeKind.allCases.map { "\($0.rawValue) (\($0.label))" }.joined(separator: ", "))
    }
    return (String(name[..<sign]), kind)
  }

  // MARK: - JSON

  package var json: JSONValue {
    [
      "field": .string(field), "scope": scope.map { .string($0.rawValue) } ?? .null,
      "operation": .string(operation.rawValue), "value": .string(value),
    ]
  }

  /// Reads `json`.
  ///
  /// - Throws: `CommandError` for anything else.
  package init(json: JSONValue) throws(CommandError) {
    guard case .string(let field) = json["field"], case .string(let value) = json["value"],
      case .string(let sign) = json["operation"], let operation = Operation(rawValue: sign)
    else {
      throw CommandError(
        .wrongUse, "A change needs „field“, „operation“ (=, += or -=) and „value“.")
    }
    var scope: ScopeKind?
    if case .string(let name) = json["scope"] { scope = try Self.place("\(field)@\(name)").1 }
    self.init(field: field, scope: scope, operation: operation, value: value)
  }
}
