-- Which share of all clicks each ad has, and how many ads make up how much: the Pareto curve.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 16_shares.sql"
WITH sums AS (
  SELECT ad_id, sum(total_clicks) AS clicks
  FROM ad_metrics
  WHERE hour >= :from AND hour < :to
  GROUP BY ad_id
), curve AS (
  SELECT ad_id, clicks, sum(clicks) OVER () AS total,
         sum(clicks) OVER (ORDER BY clicks DESC, ad_id) AS so_far
  FROM sums
)
SELECT ad_id, clicks, round(1.0 * clicks / nullif(total, 0), 6) AS share,
       round(1.0 * so_far / nullif(total, 0), 6) AS share_so_far
FROM curve
ORDER BY clicks DESC, ad_id;
