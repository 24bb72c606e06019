// Safety: a document lives inside `init` only; what the element keeps is copied out of it. libxml2 reads only within the
// bytes that it is given.

internal import CXML2

/// An element of an answer in XML, with what is in it. Namespaces are left out of names.
struct XMLElement: Sendable {
  /// Deeper elements are left out: no answer has them.
  private static let depth = 16

  let name: String
  /// Of an element without others in it.
  let text: String
  let children: [XMLElement]

  /// The root of a document; nil for what is not well formed, and for one with a document type, which could define
  /// entities that grow.
  init?(_ bytes: [UInt8]) {
    _ = XMLElement.isSetUp
    let options =
      XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
    let document = bytes.withUnsafeBytes { bytes in
      xmlReadMemory(
        bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: bytes.count), nil,
        nil,
        Int32(options))
    }
    guard let document else { return nil }
    defer { xmlFreeDoc(document) }
    guard document.pointee.intSubset == nil, let root = xmlDocGetRootElement(document) else {
      return nil
    }
    self.init(root, depth: XMLElement.depth)
  }

  private init(_ node: xmlNodePtr, depth: Int) {
    name = XMLElement.string(node.pointee.name)
    var children: [XMLElement] = []
    var next = node.pointee.children
    while let child = next {
      if child.pointee.type == XML_ELEMENT_NODE, depth > 0 {
        children.append(XMLElement(child, depth: depth - 1))
      }
      next = child.pointee.next
    }
    self.children = children
    guard children.isEmpty, let content = xmlNodeGetContent(node) else {
      text = ""
      return
    }
    text = XMLElement.string(content)
    tributary_xml_free(content)
  }

  /// Once per process, before any thread parses.
  private static let isSetUp: Bool = {
    xmlInitParser()
    return true
  }()

  private static func string(_ text: UnsafePointer<xmlChar>?) -> String {
    text.map { String(cString: $0) } ?? ""
  }

  /// The text at a path of names; nil when there is no such element.
  subscript(path: String...) -> String? {
    var element = self
    for name in path {
      guard let child = element.children.first(where: { $0.name == name }) else { return nil }
      element = child
    }
    return element.text
  }

  /// The elements of a name in it.
  func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
}
