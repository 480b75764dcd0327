// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisInterchange
import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Answers of the API.
///
/// | | |
/// |---|---|
/// | `GET /` | version, profile and description of the API |
/// | `GET /openapi.json` | the description (OpenAPI 3.1) |
/// | `GET /services`, `/organizations`, `/service_at_locations`, `/taxonomies`, `/taxonomy_terms` | a page |
/// | `GET` the same with `/ID` | one object with all that it lists |
struct ReadRoutes: Sendable {
  let source: CatalogueSource
  /// The address of `/` as clients have it, without slash at its end.
  let base: String
  let title: String

  /// For how long a program waits, less than a request may take.
  private static let patience: Duration = .seconds(100)

  /// - Throws: `Problem`, `StoreError`, `Catalogue.TooLarge`.
  func respond(to request: HTTPRequest) async throws -> Response {
    let wish = try ReadRequest(request.path ?? "/")
    guard request.method == .get || request.method == .head else {
      throw Problem.methodNotAllowed
    }
    switch wish.target {
    case .about: return Self.json(JSONWriter.bytes(of: about), [.vary: "Accept"])
    case .description:
      return Self.json(JSONWriter.bytes(of: OpenAPI.document(title: title, base: base)), [:])
    case .list, .single: break
    }
    let served = try await source.served(patience: Self.patience)
    // Programs would take what is missing for deleted.
    guard !served.isBehind else { throw Problem.preparing }
    let catalogue = served.catalogue
    let fields: HTTPFields = [.eTag: "\"\(catalogue.tag)\"", .cacheControl: "no-cache"]
    let body = try content(wish, catalogue)
    if Self.matches(request.headerFields[.ifNoneMatch], "\"\(catalogue.tag)\"") {
      return Response(status: .notModified, headers: fields)
    }
    return Self.json(body, fields)
  }

  private var about: JSONValue {
    [
      "version": "3.0", "profile": "https://docs.openreferral.org/en/3.0/hsds/overview.html",
      "openapi_url": .string(base + "/openapi.json"),
    ]
  }

  private func content(_ wish: ReadRequest, _ catalogue: Catalogue) throws -> [UInt8] {
    switch wish.target {
    case .single(let sort, let id):
      guard let item = catalogue[sort][id] else { throw Problem.notFound }
      return try item.full()
    case .list(let sort): return try page(wish, of: catalogue, sort)
    case .about, .description: throw Problem.notFound
    }
  }

  // MARK: - Pages

  private func page(_ wish: ReadRequest, of catalogue: Catalogue, _ sort: Catalogue.Sort) throws
    -> [UInt8]
  {
    let all = catalogue[sort].items
    let items = wish.isForAll ? all : all.filter { wish.wants($0, in: catalogue) }
    let pages = (items.count + wish.perPage - 1) / wish.perPage
    let shown = items.dropFirst((wish.page - 1) * wish.perPage).prefix(wish.perPage)
    let head: JSONValue = [
      "total_items": .integer(items.count), "total_pages": .integer(pages),
      "page_number": .integer(wish.page), "size": .integer(shown.count),
      "first_page": .bool(wish.page == 1), "last_page": .bool(wish.page >= pages),
      "empty": .bool(shown.isEmpty),
    ]
    var bytes = Array(JSONWriter.bytes(of: head).dropLast())
    bytes += Array(",\"contents\":[".utf8)
    for (index, item) in shown.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += try wish.isFull ? item.full() : item.brief()
    }
    return bytes + Array("]}".utf8)
  }

  // MARK: - HTTP

  private static func json(_ bytes: [UInt8], _ fields: HTTPFields) -> Response {
    var fields = fields
    fields[.contentType] = "application/json"
    return Response(
      status: .ok, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// RFC 9110, section 13.1.2.
  ///
  /// - Parameter tag: with its quotation marks.
  static func matches(_ field: String?, _ tag: String) -> Bool {
    guard let field else { return false }
    return field.split(separator: ",").contains { part in
      let plain = part.drop { $0 == " " }.split(separator: " ").first ?? ""
      return plain == "*" || plain == tag || plain == "W/\(tag)"
    }
  }
}

extension ReadRequest {
  /// Whether a list has all objects of its sort.
  fileprivate var isForAll: Bool {
    modifiedAfter == nil && search.isEmpty && organization == nil && term == nil && parent == nil
      && taxonomy == nil && !isTopOnly
  }

  /// Whether a list has this object.
  fileprivate func wants(_ item: Catalogue.Item, in catalogue: Catalogue) -> Bool {
    if let modifiedAfter, item.modified < modifiedAfter { return false }
    if !search.isEmpty, strstr(item.words, search) == nil { return false }
    if let organization, item.organization != organization { return false }
    if let term, !item.terms.contains(term) { return false }
    if let parent, item.parent != parent { return false }
    if isTopOnly, item.parent != nil { return false }
    guard let taxonomy else { return true }
    if item.taxonomy == taxonomy { return true }
    return item.terms.contains { catalogue[.taxonomyTerms][$0]?.taxonomy == taxonomy }
  }
}
