-- The 100 ads whose clicks have changed the most between the first and the second half of a range.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 15_movers.sql"
WITH halves AS (
  SELECT ad_id,
         sum(total_clicks) FILTER (WHERE hour < middle) AS before,
         sum(total_clicks) FILTER (WHERE hour >= middle) AS after
  FROM ad_metrics,
       (SELECT strftime('%Y-%m-%dT%H:%M:%SZ', (unixepoch(:from) + unixepoch(:to)) / 2, 'unixepoch')
          AS middle) AS range
  WHERE hour >= :from AND hour < :to
  GROUP BY ad_id
)
SELECT ad_id, coalesce(before, 0) AS before, coalesce(after, 0) AS after,
       coalesce(after, 0) - coalesce(before, 0) AS change
FROM halves
ORDER BY abs(coalesce(after, 0) - coalesce(before, 0)) DESC, ad_id
LIMIT 100;
