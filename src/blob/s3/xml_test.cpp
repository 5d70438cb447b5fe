#include "blob/s3/xml.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace shoal::blob::s3 {
namespace {

/// The error's text, which must be corrupt.
template <class T>
std::string refusal(const Result<T>& result) {
  if (result) return "(accepted)";
  EXPECT_EQ(result.error().code, ErrorCode::corrupt);
  return result.error().message;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// As in "Error Responses" of the Amazon S3 API reference.
constexpr std::string_view k_no_such_key = R"(<?xml version="1.0" encoding="UTF-8"?>
<Error>
  <Code>NoSuchKey</Code>
  <Message>The resource you requested does not exist</Message>
  <Resource>/mybucket/myfoto.jpg</Resource>
  <RequestId>4442587FB7D0A2F9</RequestId>
</Error>)";

TEST(S3Xml, an_error_has_code_message_and_request) {
  const auto error = parse_error(k_no_such_key);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "NoSuchKey");
  EXPECT_EQ(error->message, "The resource you requested does not exist");
  EXPECT_EQ(error->request_id, "4442587FB7D0A2F9");
  EXPECT_EQ(error->region, "");
}

TEST(S3Xml, an_error_names_the_right_region_endpoint_or_clock) {
  const auto error = parse_error(
      "<Error><Code>X</Code><Region>eu-west-3</Region><Endpoint>a.example</Endpoint>"
      "<ServerTime>2026-01-02T03:04:05Z</ServerTime></Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->region, "eu-west-3");
  EXPECT_EQ(error->endpoint, "a.example");
  EXPECT_EQ(error->server_time, "2026-01-02T03:04:05Z");
}

TEST(S3Xml, what_is_no_error_is_refused) {
  EXPECT_TRUE(has(refusal(parse_error("<html><body>502</body></html>")), "html instead of Error"));
  EXPECT_TRUE(has(refusal(parse_error("<Error><Message>a</Message></Error>")), "Code"));
  for (const std::string_view bad : {"", "{\"a\":1}", "<Error>", "<Error/><Error/>", "<Error"})
    EXPECT_NE(refusal(parse_error(bad)), "(accepted)") << bad;
}

TEST(S3Xml, namespaces_and_prefixes_do_not_matter) {
  EXPECT_EQ(parse_initiate_multipart(
                "<s3:InitiateMultipartUploadResult xmlns:s3=\"http://s3.amazonaws.com/doc/"
                "2006-03-01/\"><s3:UploadId>VXBsb2Fk</s3:UploadId>"
                "</s3:InitiateMultipartUploadResult>"),
            "VXBsb2Fk");
  EXPECT_EQ(parse_initiate_multipart(
                "<InitiateMultipartUploadResult xmlns=\"urn:other\"><Bucket>b</Bucket>"
                "<UploadId>1</UploadId></InitiateMultipartUploadResult>"),
            "1");
}

TEST(S3Xml, an_upload_without_id_is_refused) {
  EXPECT_TRUE(
      has(refusal(parse_initiate_multipart(
              "<InitiateMultipartUploadResult><UploadId/></InitiateMultipartUploadResult>")),
          "UploadId"));
}

TEST(S3Xml, texts_are_read_through_entities_cdata_and_comments) {
  EXPECT_EQ(parse_initiate_multipart("<InitiateMultipartUploadResult><UploadId>a&amp;"
                                     "<!-- c --><![CDATA[<b>]]>&#x63;</UploadId>"
                                     "</InitiateMultipartUploadResult>"),
            "a&<b>c");
}

TEST(S3Xml, an_upload_completes_with_its_etag_or_with_an_error_in_the_body) {
  const auto completed = parse_complete_multipart(
      "<CompleteMultipartUploadResult><Location>http://x</Location><ETag>\"3858f-9\"</ETag>"
      "</CompleteMultipartUploadResult>");
  ASSERT_TRUE(completed);
  EXPECT_EQ(std::get<StoredObject>(*completed).etag, "3858f-9");
  // S3 keeps the connection alive with spaces until it knows.
  const auto failed = parse_complete_multipart(
      "  \n<Error><Code>InternalError</Code><Message>We failed</Message></Error>");
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<ErrorBody>(*failed).code, "InternalError");
  EXPECT_TRUE(has(refusal(parse_complete_multipart("<CopyObjectResult/>")), "CopyObjectResult"));
}

TEST(S3Xml, a_copy_of_an_object_or_part_has_etag_and_time) {
  for (const std::string_view root : {"CopyObjectResult", "CopyPartResult"}) {
    const auto copied =
        parse_copy(fmt::format("<{0}><LastModified>2009-10-28T22:32:00</LastModified>"
                               "<ETag>&quot;9b2cf&quot;</ETag></{0}>",
                               root));
    ASSERT_TRUE(copied);
    const auto& object = std::get<StoredObject>(*copied);
    EXPECT_EQ(object.etag, "9b2cf");
    EXPECT_EQ(object.modified, parse_iso8601("2009-10-28T22:32:00Z"));
  }
  const auto failed = parse_copy("<Error><Code>SlowDown</Code></Error>");
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<ErrorBody>(*failed).code, "SlowDown");
}

constexpr std::string_view k_two_objects = R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>bucket</Name><Prefix/><KeyCount>2</KeyCount><MaxKeys>2</MaxKeys>
  <IsTruncated>true</IsTruncated>
  <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
  <Contents><Key>a/1.mp4</Key><LastModified>2014-11-21T19:40:05.000Z</LastModified>
    <ETag>&quot;70ee&quot;</ETag><Size>11</Size><StorageClass>STANDARD</StorageClass></Contents>
  <Contents><Key>a/2 &amp; 3</Key><Size>18446744073709551615</Size></Contents>
</ListBucketResult>)";

TEST(S3Xml, a_list_has_keys_sizes_times_and_where_to_go_on) {
  const auto page = parse_list_objects(k_two_objects);
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->objects.size(), 2U);
  EXPECT_EQ(page->objects[0].key, "a/1.mp4");
  EXPECT_EQ(page->objects[0].size, 11U);
  EXPECT_EQ(page->objects[0].etag, "70ee");
  EXPECT_EQ(page->objects[0].modified, parse_iso8601("2014-11-21T19:40:05.000Z"));
  EXPECT_EQ(page->objects[1].key, "a/2 & 3");
  EXPECT_EQ(page->objects[1].size, UINT64_MAX);
  EXPECT_FALSE(page->objects[1].modified);
  EXPECT_TRUE(page->is_truncated);
  EXPECT_EQ(page->next_token, "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=");
  EXPECT_EQ(page->next_marker, "a/2 & 3");
}

std::string listing(std::string_view inner) {
  return "<ListBucketResult>" + std::string(inner) + "</ListBucketResult>";
}

TEST(S3Xml, an_empty_list_is_whole) {
  const auto page = parse_list_objects(listing("<IsTruncated>false</IsTruncated>"));
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->objects.empty());
  EXPECT_FALSE(page->is_truncated);
}

TEST(S3Xml, a_list_of_the_first_version_goes_on_after_its_marker_or_last_key) {
  const std::string_view one =
      "<IsTruncated>true</IsTruncated><Contents><Key>b</Key><Size>1</Size></Contents>";
  const auto last_key = parse_list_objects(listing(one));
  ASSERT_TRUE(last_key);
  EXPECT_EQ(last_key->next_token, "");
  EXPECT_EQ(last_key->next_marker, "b");
  const auto marker = parse_list_objects(listing(std::string(one) + "<NextMarker>c</NextMarker>"));
  ASSERT_TRUE(marker);
  EXPECT_EQ(marker->next_marker, "c");
}

TEST(S3Xml, a_list_that_goes_on_from_nowhere_is_refused) {
  EXPECT_TRUE(has(refusal(parse_list_objects(listing("<IsTruncated>true</IsTruncated>"))),
                  "does not say from where"));
}

TEST(S3Xml, keys_are_decoded_where_the_server_encoded_them_and_tokens_never) {
  const std::string_view inner =
      "<IsTruncated>true</IsTruncated><NextContinuationToken>a%2Fb+c</NextContinuationToken>"
      "<Contents><Key>a%2Fb+c%2B</Key><Size>1</Size></Contents>";
  const auto encoded =
      parse_list_objects(listing("<EncodingType>url</EncodingType>" + std::string(inner)));
  ASSERT_TRUE(encoded);
  EXPECT_EQ(encoded->objects[0].key, "a/b c+");
  EXPECT_EQ(encoded->next_token, "a%2Fb+c");
  const auto plain = parse_list_objects(listing(inner));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->objects[0].key, "a%2Fb+c%2B");
}

TEST(S3Xml, a_wrong_entry_of_a_list_is_named) {
  const auto entry = [](std::string_view inner) {
    return refusal(parse_list_objects(listing("<Contents>" + std::string(inner) + "</Contents>")));
  };
  EXPECT_TRUE(has(entry("<Size>1</Size>"), "Key of the answer's Contents is missing"));
  EXPECT_TRUE(has(entry("<Key>a</Key>"), "Size of the answer's Contents is missing"));
  for (const std::string_view bad : {"", "-1", "1x", "18446744073709551616", "0x1"})
    EXPECT_TRUE(has(entry("<Key>a</Key><Size>" + std::string(bad) + "</Size>"), "Size of"));
  EXPECT_TRUE(has(entry("<Key>a</Key><Size>1</Size><LastModified>today</LastModified>"),
                  "LastModified of the answer's Contents is 'today'"));
  EXPECT_TRUE(has(entry("<Key>&#xD800;</Key><Size>1</Size>"), "not a key"));
  EXPECT_TRUE(
      has(refusal(parse_list_objects(listing("<IsTruncated>yes</IsTruncated>"))), "IsTruncated"));
  EXPECT_TRUE(has(
      refusal(parse_list_objects(listing("<EncodingType>url</EncodingType><Contents><Key>%zz</Key>"
                                         "<Size>1</Size></Contents>"))),
      "not a key"));
}

TEST(S3Xml, an_error_instead_of_a_list_is_named) {
  EXPECT_TRUE(has(refusal(parse_list_objects(k_no_such_key)),
                  "Error NoSuchKey instead of ListBucketResult"));
}

TEST(S3Xml, a_list_is_bounded_in_bytes_tags_and_entries) {
  std::string many;
  for (int i = 0; i < 10'001; ++i) many += "<Contents><Key>a</Key><Size>1</Size></Contents>";
  EXPECT_TRUE(has(refusal(parse_list_objects(listing(many))), "over 10000 Contents"));
  std::string tags;
  for (int i = 0; i < 300'000; ++i) tags += "<a/>";
  EXPECT_TRUE(has(refusal(parse_list_objects(listing(tags))), "tags"));
  const std::string spaces((std::size_t{4} << 20) + 1, ' ');
  EXPECT_TRUE(has(refusal(parse_list_objects(listing(spaces))), "at most 4194304"));
}

TEST(S3Xml, what_is_no_text_is_refused_and_entities_of_a_document_are_not_expanded) {
  EXPECT_TRUE(has(refusal(parse_error(std::string_view("<Error/>\0", 9))), "UTF-8"));
  EXPECT_TRUE(has(refusal(parse_error("<Error><Code>\xff</Code></Error>")), "UTF-8"));
  const auto error = parse_error(
      "<!DOCTYPE Error [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><Error><Code>&b;</Code>"
      "</Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "&b;");
}

TEST(S3Xml, deep_nesting_does_not_exhaust_the_stack) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  for (int i = 0; i < 100'000; ++i) deep += "</a>";
  EXPECT_NE(refusal(parse_list_objects(deep)), "(accepted)");
}

std::string part_list(std::string_view inner) {
  return "<ListPartsResult>" + std::string(inner) + "</ListPartsResult>";
}

TEST(S3Xml, parts_have_number_size_and_etag) {
  const auto page = parse_list_parts(part_list(
      "<NextPartNumberMarker>3</NextPartNumberMarker><IsTruncated>true</IsTruncated>"
      "<Part><PartNumber>2</PartNumber><LastModified>2010-11-10T20:48:34.000Z</LastModified>"
      "<ETag>\"7778\"</ETag><Size>10485760</Size></Part>"
      "<Part><PartNumber>3</PartNumber><ETag>\"aaaa\"</ETag><Size>5</Size></Part>"));
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->parts, (std::vector<Part>{{2, 10485760, "7778"}, {3, 5, "aaaa"}}));
  EXPECT_TRUE(page->is_truncated);
  EXPECT_EQ(page->next_marker, 3U);
}

TEST(S3Xml, parts_without_a_marker_go_on_after_the_last_one) {
  const std::string_view part = "<Part><PartNumber>2</PartNumber><Size>1</Size></Part>";
  const auto page =
      parse_list_parts(part_list("<IsTruncated>true</IsTruncated>" + std::string(part)));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next_marker, 2U);
}

TEST(S3Xml, wrong_parts_are_refused) {
  const std::string two = "<Part><PartNumber>2</PartNumber><Size>1</Size></Part>";
  for (const std::string& bad :
       {two + two, std::string("<Part><PartNumber>0</PartNumber><Size>1</Size></Part>"),
        std::string("<Part><PartNumber>10001</PartNumber><Size>1</Size></Part>"),
        std::string("<Part><PartNumber>1</PartNumber></Part>"),
        std::string("<IsTruncated>true</IsTruncated>"),
        two + "<IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>"})
    EXPECT_NE(refusal(parse_list_parts(part_list(bad))), "(accepted)") << bad;
}

std::string upload_list(std::string_view inner) {
  return "<ListMultipartUploadsResult>" + std::string(inner) + "</ListMultipartUploadsResult>";
}

constexpr std::string_view k_upload =
    "<Upload><Key>a b</Key><UploadId>XMgb</UploadId>"
    "<Initiated>2010-11-10T20:48:33.000Z</Initiated></Upload>";

TEST(S3Xml, uploads_have_key_id_and_start) {
  const auto page = parse_list_uploads(
      upload_list("<IsTruncated>true</IsTruncated><NextKeyMarker>c</NextKeyMarker>"
                  "<NextUploadIdMarker>d</NextUploadIdMarker>" +
                  std::string(k_upload)));
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->uploads.size(), 1U);
  EXPECT_EQ(page->uploads[0].key, "a b");
  EXPECT_EQ(page->uploads[0].upload_id, "XMgb");
  EXPECT_EQ(page->uploads[0].initiated, parse_iso8601("2010-11-10T20:48:33Z"));
  EXPECT_EQ(page->next_key_marker, "c");
  EXPECT_EQ(page->next_upload_id_marker, "d");
}

TEST(S3Xml, uploads_without_markers_go_on_after_the_last_one) {
  const auto page =
      parse_list_uploads(upload_list("<IsTruncated>true</IsTruncated>" + std::string(k_upload)));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next_key_marker, "a b");
  EXPECT_EQ(page->next_upload_id_marker, "XMgb");
  EXPECT_NE(refusal(parse_list_uploads(upload_list("<IsTruncated>true</IsTruncated>"))),
            "(accepted)");
  EXPECT_NE(refusal(parse_list_uploads(upload_list("<Upload><Key>a</Key></Upload>"))),
            "(accepted)");
}

TEST(S3Xml, a_completion_names_parts_and_escapes_their_etags) {
  const std::vector<Part> parts = {{1, 5, "abc"}, {3, 5, "<&\">"}};
  EXPECT_EQ(write_complete_multipart(parts),
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Part><PartNumber>1</PartNumber><ETag>&quot;abc&quot;</ETag></Part>"
            "<Part><PartNumber>3</PartNumber><ETag>&quot;&lt;&amp;&quot;&gt;&quot;</ETag></Part>"
            "</CompleteMultipartUpload>");
}

TEST(S3Xml, etags_lose_only_their_quotes) {
  EXPECT_EQ(unquoted_etag("\"abc-2\""), "abc-2");
  EXPECT_EQ(unquoted_etag("abc"), "abc");
  EXPECT_EQ(unquoted_etag("\""), "\"");
  EXPECT_EQ(unquoted_etag(""), "");
}

}  // namespace
}  // namespace shoal::blob::s3
