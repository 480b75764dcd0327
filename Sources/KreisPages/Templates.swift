// SPDX-License-Identifier: EUPL-1.2

import Mustache

/// What a template is filled with.
///
/// A section that is to be left out has `false`, never nothing: a name that a row lacks would be looked
/// up in what surrounds it.
package typealias View = [String: Any]

/// The templates of a server's pages; their texts are part of the program.
package struct Templates: Sendable {
  private let library: MustacheLibrary

  /// - Parameter texts: by name; one is `layout`.
  /// - Throws: the parser's error for a template that is none.
  package init(_ texts: KeyValuePairs<String, [UInt8]>) throws {
    MustacheContentTypes.register(SafeHTML(), named: SafeHTML.name)
    var library = MustacheLibrary()
    for (name, bytes) in texts {
      // The library's own escaping looks at whole characters and passes a quotation mark with an accent.
      let text = "{{% CONTENT_TYPE:\(SafeHTML.name)}}\n" + String(decoding: bytes, as: UTF8.self)
      try library.register(text, named: name)
    }
    self.library = library
  }

  /// A page of `template` within the layout.
  ///
  /// - Parameter frame: what the layout needs.
  package func page(_ template: String, _ view: View, in frame: View) -> String {
    var frame = frame
    frame["body"] =
      library.render(view.merging(frame) { own, _ in own }, withTemplate: template) ?? ""
    return library.render(frame, withTemplate: "layout") ?? ""
  }
}

/// The library's way to text as HTML.
struct SafeHTML: MustacheContentType {
  static let name = "SAFE"

  func escapeText(_ text: String) -> String { HTMLText.escaped(text) }
}

/// Text as HTML or XML, in elements and in quoted attributes.
package enum HTMLText {
  package static func escaped(_ text: String) -> String {
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": out.append(contentsOf: "&lt;".unicodeScalars)
      case ">": out.append(contentsOf: "&gt;".unicodeScalars)
      case "&": out.append(contentsOf: "&amp;".unicodeScalars)
      case "\"": out.append(contentsOf: "&quot;".unicodeScalars)
      case "'": out.append(contentsOf: "&#39;".unicodeScalars)
      case "\n", "\t": out.append(scalar)
      default: out.append(Self.isVisible(scalar) ? scalar : "\u{FFFD}")
      }
    }
    return String(out)
  }

  /// What another town's log holds could hide or reverse text.
  private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: false
    default: true
    }
  }
}
