// SPDX-License-Identifier: EUPL-1.2

import Foundation
import HTTPTypes
import HummingbirdCore
import KreisCore
import KreisInterchange
package import KreisPages
import NIOCore
import Synchronization

/// What the pages for families say of whom they come from.
package struct PublicPageConfiguration: Sendable {
  package var contact: PageContact

  package init(contact: PageContact) { self.contact = contact }
}

/// Pages for families: offers, each with what is public of it. They are made of what the API serves and of
/// nothing else, set no cookie, run no script and load nothing from elsewhere.
///
/// | address | what |
/// |---|---|
/// | `/` for browsers, `/angebote` | search and list |
/// | `/angebot/ID`, `/einrichtung/ID` | an offer, an organization |
/// | `/barrierefreiheit` | the accessibility statement |
/// | `/robots.txt`, `/sitemap.xml` | for search engines |
struct PublicPages: Sendable {
  let source: CatalogueSource
  let contact: PageContact
  let kreis: String
  let isTraining: Bool
  private let now: @Sendable () -> UInt64
  private let templates: Templates

  private static let style = Asset.style("/seite.css", PackageResources.page_css)
  private static let texts: KeyValuePairs<String, [UInt8]> = [
    "layout": PackageResources.layout_mustache, "offers": PackageResources.offers_mustache,
    "offer": PackageResources.offer_mustache, "times": PackageResources.times_mustache,
    "places": PackageResources.places_mustache, "reach": PackageResources.reach_mustache,
    "wrong": PackageResources.wrong_mustache, "people": PackageResources.people_mustache,
    "organization": PackageResources.organization_mustache,
    "message": PackageResources.message_mustache, "accessibility": SharedTexts.accessibility,
  ]

  /// - Throws: an error of the templates.
  init(
    _ source: CatalogueSource, contact: PageContact, kreis: String, isTraining: Bool,
    now: @escaping @Sendable () -> UInt64
  ) throws {
    self.source = source
    self.contact = contact
    self.kreis = kreis
    self.isTraining = isTraining
    self.now = now
    templates = try Templates(Self.texts)
  }

  /// For how long a family waits for a page while many changes come in.
  private static let patience: Duration = .seconds(3)

  /// What is asked for, if it is a page.
  private enum Target {
    case file(Asset)
    case offers(OfferWish)
    case offer(String)
    case organization(String)
    case accessibility, robots, siteMap
  }

  /// Whether the request is for a page and not for the API.
  func serves(_ head: HTTPRequest) -> Bool { target(head) != nil }

  private func target(_ head: HTTPRequest) -> Target? {
    let parts = (head.path ?? "/").split(
      separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let path = String(parts[0])
    let query = FormValues(parts.count > 1 ? String(parts[1]) : "")
    let steps = path.split(separator: "/").map(String.init)
    switch (steps.first, steps.count) {
    case (nil, _):
      let accepted = head.headerFields[.accept] ?? ""
      return accepted.contains("text/html")
        ? .offers(query.map(OfferWish.init) ?? OfferWish()) : nil
    case ("angebote", 1): return .offers(query.map(OfferWish.init) ?? OfferWish())
    case ("angebot", 2): return .offer(steps[1].lowercased())
    case ("einrichtung", 2): return .organization(steps[1].lowercased())
    case ("barrierefreiheit", 1): return .accessibility
    case ("robots.txt", 1): return .robots
    case ("sitemap.xml", 1): return .siteMap
    default: return [Self.style, Asset.icon].first { $0.path == path }.map { .file($0) }
    }
  }

  /// - Parameter base: the address of `/` as clients have it, without slash at its end.
  /// - Throws: `Problem`, `StoreError`, `Catalogue.TooLarge`.
  func respond(to head: HTTPRequest, base: String) async throws -> Response {
    guard let target = target(head) else { throw Problem.notFound }
    guard head.method == .get || head.method == .head else { throw Problem.methodNotAllowed }
    let frame = PageFrame(base: base, now: now())
    switch target {
    case .file(let asset):
      return Self.response(
        asset.bytes,
        [.contentType: asset.type, .cacheControl: "public, max-age=31536000, immutable"])
    case .robots:
      let text = "User-agent: *\nDisallow: \(frame.root)/angebote?\nSitemap: \(base)/sitemap.xml\n"
      return Self.response(
        Array(text.utf8),
        [.contentType: "text/plain; charset=utf-8", .cacheControl: "public, max-age=86400"])
    case .accessibility:
      let scope =
        "Diese Erklärung gilt für die Seiten „Hilfen für Familien“ unter \(base), \(kreis)."
      var view = contact.view(subject: "Barriere auf den Seiten „Hilfen für Familien“")
      view["scope"] = scope
      view["isConsole"] = false
      return page("accessibility", title: "Barrierefreiheit", view, frame, head)
    case .offers, .offer, .organization, .siteMap: break
    }
    let served = try await source.served(patience: Self.patience)
    let catalogue = served.catalogue
    switch target {
    case .offers(let wish):
      let view = offers(wish, catalogue, frame).merging(["isBehind": served.isBehind]) { $1 }
      return page("offers", title: "Angebote", view, frame, head)
    case .offer(let id):
      guard let service = catalogue[.services][id].flatMap(Self.object) else {
        throw Problem.notFound
      }
      let view = offer(service, in: catalogue, frame)
      return page("offer", title: service.text("name") ?? "Angebot", view, frame, head)
    case .organization(let id):
      guard let found = catalogue[.organizations][id].flatMap(Self.object) else {
        throw Problem.notFound
      }
      let view = organization(found, in: catalogue, frame)
      return page("organization", title: found.text("name") ?? "Einrichtung", view, frame, head)
    case .siteMap:
      return Self.tagged(
        Array(Self.siteMap(catalogue, base).utf8), "application/xml; charset=utf-8", head)
    case .file, .robots, .accessibility: throw Problem.notFound
    }
  }

  /// A page that says why there is none.
  func page(for problem: Problem, base: String) -> Response {
    let texts: (String, String) =
      switch problem.status {
      case .notFound:
        (
          "Hier ist nichts",
          "Dieses Angebot gibt es nicht, oder es wird nicht mehr veröffentlicht."
        )
      case .methodNotAllowed: ("So geht das nicht", "Diese Seiten kann man nur lesen.")
      case .tooManyRequests:
        ("Zu viele Anfragen", "Bitte warten Sie einen Augenblick und laden Sie die Seite neu.")
      case .serviceUnavailable where problem.title == Problem.preparing.title:
        (
          "Das Verzeichnis wird gerade geladen",
          "Bitte laden Sie die Seite in einigen Sekunden noch einmal."
        )
      default:
        (
          "Das geht im Augenblick nicht",
          "Bitte versuchen Sie es in einigen Minuten noch einmal."
        )
      }
    let frame = PageFrame(base: base, now: now())
    let html = html(
      "message", title: texts.0, ["heading": texts.0, "text": texts.1], frame)
    var fields = problem.fields
    fields[.contentType] = "text/html; charset=utf-8"
    fields[.cacheControl] = "no-store"
    return Self.response(Array(html.utf8), fields.merging(Self.protection), problem.status)
  }

  // MARK: - Answers

  private func html(_ template: String, title: String, _ view: View, _ frame: PageFrame) -> String {
    let layout = contact.view(subject: "Seiten „Hilfen für Familien“").merging([
      "title": title, "kreis": kreis, "root": frame.root, "training": isTraining,
      "trainingText": TrainingRealm.heading, "style": frame.root + Self.style.address,
      "icon": frame.root + Asset.icon.address,
    ]) { _, own in own }
    return templates.page(template, view, in: layout)
  }

  private func page(
    _ template: String, title: String, _ view: View, _ frame: PageFrame, _ head: HTTPRequest
  ) -> Response {
    let html = html(template, title: title, view, frame)
    // The time at which it was made is no change of it.
    return Self.tagged(
      Array(html.utf8), "text/html; charset=utf-8", head,
      tagging: Array(html.replacing(frame.stamp, with: "").utf8))
  }

  /// What changes only with its content: browsers ask each time, so that what was erased is gone at once,
  /// and are mostly told that they have it.
  ///
  /// - Parameter core: what the tag tells apart; all of it unless given.
  private static func tagged(
    _ bytes: [UInt8], _ type: String, _ head: HTTPRequest, tagging core: [UInt8]? = nil
  ) -> Response {
    let tag = "\"\(Hash256(of: core ?? bytes).description.prefix(32))\""
    var fields: HTTPFields = [.eTag: tag, .cacheControl: "no-cache", .vary: "Accept"]
    if ReadRoutes.matches(head.headerFields[.ifNoneMatch], tag) {
      return Response(status: .notModified, headers: fields)
    }
    fields[.contentType] = type
    return response(bytes, fields.merging(protection))
  }

  private static func response(
    _ bytes: [UInt8], _ fields: HTTPFields, _ status: HTTPResponse.Status = .ok
  ) -> Response {
    Response(
      status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  private static let protection: HTTPFields = {
    var fields: HTTPFields = [
      .contentSecurityPolicy: """
      default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
      frame-ancestors 'none'
      """
    ]
    for (name, value) in [
      ("Referrer-Policy", "same-origin"),
      ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"),
    ] {
      if let name = HTTPField.Name(name) { fields[name] = value }
    }
    return fields
  }()

  static func object(_ item: Catalogue.Item) -> ServedObject? {
    (try? item.json()).map(ServedObject.init)
  }

  /// Addresses that one file may name (sitemaps.org).
  private static let siteMapLimit = 50_000

  private static func siteMap(_ catalogue: Catalogue, _ base: String) -> String {
    let escape = HTMLText.escaped
    var out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    out += "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
    out += "<url><loc>\(escape(base))/angebote</loc></url>\n"
    for offer in catalogue.offers.first(siteMapLimit - 1) {
      out += "<url><loc>\(escape(base))/angebot/\(escape(offer.id))</loc></url>\n"
    }
    return out + "</urlset>\n"
  }
}

/// Where and when a page is made.
struct PageFrame {
  let base: String
  /// The path of `base`, before each link.
  let root: String
  let time: GermanTime
  let local: LocalTime
  /// `22.11.2026, 14:05 Uhr`
  var stamp: String { time.instant(.integer(Int(clamping: time.now))) }

  init(base: String, now: UInt64) {
    self.base = base
    let path = URLComponents(string: base)?.percentEncodedPath ?? ""
    root = path.hasSuffix("/") ? String(path.dropLast()) : path
    time = GermanTime(now: now)
    local = BerlinTime.local(Int(clamping: now))
  }
}

extension HTTPFields {
  fileprivate func merging(_ others: HTTPFields) -> HTTPFields {
    var out = self
    for field in others { out[field.name] = field.value }
    return out
  }
}
