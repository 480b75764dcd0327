// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisPages

/// A part of a long list, and the links to the parts beside it.
struct Paging<Element> {
  let shown: [Element]
  /// For the template `pages`.
  let view: View

  /// - Parameters:
  ///   - page: as the address has it; what is no page of the list becomes the nearest.
  ///   - address: that of the list; the page is added to it.
  init(_ all: [Element], by size: Int, page text: String?, address: String) {
    let pages = Console.pages(of: all.count, by: size)
    let number = min(Console.pageNumber(text), pages)
    shown = Array(all.dropFirst((number - 1) * size).prefix(size))
    view = Console.pageLinks(number, of: pages, at: address)
  }
}

/// The same of a list of which a command reads only the part that is asked for.
struct PagedRows {
  /// Tells of the whole list.
  let head: JSONValue
  let total: Int
  let shown: [JSONValue]
  /// For the template `pages`.
  let view: View

  /// - Parameters:
  ///   - command: answers `offset` and `limit` with a row that has the `total`, and then that part.
  ///   - page: as the address has it; what is no page of the list becomes the nearest.
  ///   - address: that of the list, also with a query; the page is added to it.
  init(
    _ client: ConsoleClient, _ command: String, _ arguments: [JSONValue.Member] = [], by size: Int,
    page text: String?, address: String
  ) throws {
    func ask(_ page: Int) throws -> (head: JSONValue, total: Int, rows: [JSONValue]) {
      let rows = try client.rows(
        command,
        .object(
          arguments + [
            .init("offset", .integer((page - 1) * size)), .init("limit", .integer(size)),
          ]))
      let head = rows.first ?? .null
      return (head, Int(clamping: head["total"]?.unsigned ?? 0), Array(rows.dropFirst()))
    }
    var number = Console.pageNumber(text)
    var answer = try ask(number)
    let pages = Console.pages(of: answer.total, by: size)
    if number > pages {
      number = pages
      answer = try ask(number)
    }
    (head, total, shown) = answer
    view = Console.pageLinks(number, of: pages, at: address)
  }
}

extension Console {
  /// The page that an address asks for.
  static func pageNumber(_ text: String?) -> Int {
    min(max(1, text.flatMap { Int($0) } ?? 1), 1_000_000)
  }

  static func pages(of total: Int, by size: Int) -> Int { max(1, (total + size - 1) / size) }

  /// The links of a list whose address they extend.
  fileprivate static func pageLinks(_ page: Int, of pages: Int, at address: String) -> View {
    pageLinks(page, of: pages) { "\(address)\(address.contains("?") ? "&" : "?")seite=\($0)" }
  }

  /// Which of how many pages is shown, and the links to those beside it: for the template `pages`.
  static func pageLinks(_ page: Int, of pages: Int, _ address: (Int) -> String) -> View {
    [
      "hasPages": pages > 1, "page": page, "pages": pages,
      "previous": page > 1 ? address(page - 1) as Any : false,
      "next": page < pages ? address(page + 1) as Any : false,
    ]
  }
}
