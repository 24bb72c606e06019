-- The 100 ads whose clicks have changed the most between the first and the second half of a range.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -f 15_movers.sql
WITH halves AS (
  SELECT ad_id,
         sum(total_clicks) FILTER (WHERE hour < middle) AS before,
         sum(total_clicks) FILTER (WHERE hour >= middle) AS after
  FROM ad_metrics, (SELECT :'from'::timestamptz + (:'to'::timestamptz - :'from'::timestamptz) / 2 AS middle) AS range
  WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
  GROUP BY ad_id
)
SELECT ad_id, coalesce(before, 0) AS before, coalesce(after, 0) AS after,
       coalesce(after, 0) - coalesce(before, 0) AS change
FROM halves
ORDER BY abs(coalesce(after, 0) - coalesce(before, 0)) DESC, ad_id COLLATE "C"
LIMIT 100;
