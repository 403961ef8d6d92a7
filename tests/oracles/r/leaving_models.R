# Expected values of tests/oracles/test_leaving_models.py: the named questions about leaving.
# Run from the project's root:  Rscript tests/oracles/r/leaving_models.R
# It writes tests/oracles/r/leaving_models.json. Scores so far are worked out client by client.
source("tests/oracles/r/generalized_fits.R")
suppressPackageStartupMessages({library(clubSandwich); library(splines)})
tight <- glm.control(epsilon = 1e-14, maxit = 100)
d <- read.csv("tests/oracles/clinic/clinic.csv")
d <- d[order(d$client, d$session), ]

per_client <- function(x) {
  n <- nrow(x); y <- x$srs; t <- x$session
  so_far <- to_date <- since <- slope <- last <- early <- rep(NA_real_, n)
  for (k in seq_len(n)) {
    before <- which(t < t[k] & !is.na(y)); upto <- which(t <= t[k] & !is.na(y))
    if (length(before)) so_far[k] <- mean(y[before])
    if (length(before)) last[k] <- y[max(before)]
    if (length(upto)) to_date[k] <- mean(y[upto])
    previous <- which(t == t[k] - 1)
    if (length(previous)) since[k] <- y[k] - y[previous]
    if (length(upto) >= 3) slope[k] <- coef(lm(y[upto] ~ t[upto]))[[2]]
    first <- which(t <= 3 & !is.na(y))
    if (length(first) && t[k] >= 3) early[k] <- mean(y[first])
  }
  x$so_far <- so_far; x$to_date <- to_date; x$change <- y - so_far; x$since <- since
  x$slope <- slope; x$early <- early; x$last <- last - so_far
  x
}
d <- do.call(rbind, lapply(split(d, d$client), per_client))
d$left <- as.numeric(d$ending == 1); d$planned <- as.numeric(d$ending == 2)
d$first <- as.numeric(d$session == 1)
d$change[d$first == 1 & !is.na(d$srs)] <- 0
d <- d[d$decided == 1, ]
whole <- function(names) d[complete.cases(d[c(names, "base", "therapist")]), ]
named <- function(x, terms) setNames(as.list(unname(x)), terms)

plain <- function(formula, rows) {
  fit <- glm(formula, binomial("cloglog"), rows, control = tight)
  terms <- names(coef(fit))
  v <- vcovCR(fit, cluster = rows$therapist, type = "CR2")
  list(rows = nobs(fit), loglik = as.numeric(logLik(fit)), aic = AIC(fit),
       estimate = named(coef(fit), terms), se = named(sqrt(diag(vcov(fit))), terms),
       cr2 = named(sqrt(diag(as.matrix(v))), terms))
}
random <- function(formula, rows)
  c(list(rows = nrow(rows)), by_tmb(formula, rows, binomial("cloglog")))

rows <- whole(c("to_date", "change"))
events <- tapply(rows$left, rows$session, sum)
starts <- 1; held <- 5
for (s in as.numeric(names(events))[-1]) {
  if (held >= 5) { starts <- c(starts, s); held <- 0 }
  held <- held + events[[as.character(s)]]
}
if (held < 5) starts <- head(starts, -1)
rows$step <- factor(findInterval(rows$session, starts))
late <- function(names) { x <- whole(names); x[x$session >= 3, ] }
second <- whole(c("so_far", "last")); second <- second[second$session >= 2, ]

out <- list(
  versions = list(R = R.version.string, clubSandwich = as.character(packageVersion("clubSandwich")),
                  glmmTMB = as.character(packageVersion("glmmTMB")),
                  lme4 = as.character(packageVersion("lme4"))),
  linear = plain(left ~ first + session + to_date + change + base, rows),
  polynomial = plain(left ~ first + poly(session, 3) + to_date + change + base, rows),
  spline = plain(left ~ first + ns(session, df = 3) + to_date + change + base, rows),
  steps = plain(left ~ step + to_date + change + base, rows), starts = starts,
  therapist = random(left ~ first + session + to_date + change + base + (1 | therapist), rows),
  landmark_change = random(left ~ session + early + change + base + (1 | therapist),
                           late(c("early", "change"))),
  landmark_since_last = random(left ~ session + early + since + base + (1 | therapist),
                               late(c("early", "since"))),
  landmark_slope_to_date = random(left ~ session + early + slope + base + (1 | therapist),
                                  late(c("early", "slope"))),
  unplanned = random(left ~ session + so_far + last + base + (1 | therapist), second),
  planned_plain = plain(planned ~ session + so_far + last + base, second))

all <- d[complete.cases(d[c("base", "therapist")]), ]
adapted <- glmer(left ~ first + session + base + (1 | therapist), all, binomial("cloglog"),
                 nAGQ = 15, control = glmerControl("bobyqa", optCtrl = list(rhoend = 1e-9)))
b <- ranef(adapted, condVar = TRUE)$therapist
errors <- sqrt(as.numeric(attr(b, "postVar")))
order_of <- order(b[, 1])
loglik <- as.numeric(logLik(adapted)); sd <- as.numeric(attr(VarCorr(adapted)$therapist, "stddev"))
modes <- b[order_of, 1]; errors <- errors[order_of]  # profiling changes the fit it is given
profiled <- confint(adapted, parm = "theta_", method = "profile", quiet = TRUE)
none <- glm(left ~ first + session + base, binomial("cloglog"), all, control = tight)
out$profile <- list(rows = nrow(all), sd = sd,
  low = profiled[1, 1], high = profiled[1, 2], loglik = loglik,
  loglik_none = as.numeric(logLik(none)), modes = modes, errors = errors)
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE),
      "tests/oracles/r/leaving_models.json")
