-- Which share of all clicks each ad has, and how many ads make up how much: the Pareto curve.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -f 16_shares.sql
WITH sums AS (
  SELECT ad_id, sum(total_clicks) AS clicks
  FROM ad_metrics
  WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
  GROUP BY ad_id
), curve AS (
  SELECT ad_id, clicks, sum(clicks) OVER () AS total,
         sum(clicks) OVER (ORDER BY clicks DESC, ad_id COLLATE "C") AS so_far
  FROM sums
)
SELECT ad_id, clicks, round(clicks::numeric / nullif(total, 0), 6) AS share,
       round(so_far::numeric / nullif(total, 0), 6) AS share_so_far
FROM curve
ORDER BY clicks DESC, ad_id COLLATE "C";
