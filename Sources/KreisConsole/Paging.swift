// SPDX-License-Identifier: EUPL-1.2

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
    let pages = max(1, (all.count + size - 1) / size)
    let number = min(max(1, text.flatMap { Int($0) } ?? 1), pages)
    shown = Array(all.dropFirst((number - 1) * size).prefix(size))
    view = Console.pageLinks(number, of: pages) { "\(address)?seite=\($0)" }
  }
}

extension Console {
  /// Which of how many pages is shown, and the links to those beside it: for the template `pages`.
  static func pageLinks(_ page: Int, of pages: Int, _ address: (Int) -> String) -> View {
    [
      "hasPages": pages > 1, "page": page, "pages": pages,
      "previous": page > 1 ? address(page - 1) as Any : false,
      "next": page < pages ? address(page + 1) as Any : false,
    ]
  }
}
