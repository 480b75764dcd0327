// SPDX-License-Identifier: EUPL-1.2

/// A JSON text as a value (RFC 8259). Objects keep the order of their keys.
package enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  /// The number as written, in the grammar of RFC 8259: nothing is rounded.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  package struct Member: Hashable, Sendable {
    package let name: String
    package let value: JSONValue

    package init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  package static func integer(_ value: Int) -> JSONValue { .number(String(value)) }

  /// The value of an object's member; `nil` for anything else.
  package subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// A string's text; `nil` of anything else.
  package var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// A number that is whole and not negative; `nil` of anything else.
  package var unsigned: UInt64? {
    if case .number(let lexeme) = self { UInt64(lexeme) } else { nil }
  }

  /// An array's elements; none of anything else.
  package var elements: [JSONValue] {
    if case .array(let elements) = self { elements } else { [] }
  }

  /// What kind of value it is, for messages.
  package var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral {
  package init(stringLiteral value: String) { self = .string(value) }

  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }
}
