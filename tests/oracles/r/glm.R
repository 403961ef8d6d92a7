# Expected values of tests/oracles/test_glm.py beyond those of clinic/expected.json.
# Run from the project's root:  Rscript tests/oracles/r/glm.R
# It writes tests/oracles/r/glm.json.
suppressPackageStartupMessages({library(clubSandwich); library(jsonlite); library(splines)})
tight <- glm.control(epsilon = 1e-14, maxit = 100)
d <- read.csv("tests/oracles/clinic/clinic.csv")
d <- d[order(d$client, d$session), ]
d$srs34 <- d$srs - 34
d$unplanned <- as.numeric(d$ending == 1)
h <- d[!is.na(d$srs) & d$decided == 1, ]
per_client <- aggregate(cbind(sessions = 1, base, therapist) ~ client, d, FUN = function(x) x[1])
per_client$sessions <- as.numeric(table(d$client))
per_client$first <- as.numeric(per_client$therapist == 1)
scores <- d[complete.cases(d[c("ors", "srs", "base")]), ]

say <- function(fit, cluster) {
  cr <- function(type) sqrt(diag(as.matrix(vcovCR(fit, cluster = cluster, type = type))))
  s <- coef(summary(fit))
  named <- function(x) setNames(as.list(unname(x)), rownames(s))
  list(rows = nobs(fit), loglik = as.numeric(logLik(fit)), estimate = named(s[, 1]),
       se = named(s[, 2]), cr0 = named(cr("CR0")), cr2 = named(cr("CR2")))
}
# `first` is 1 for every client of therapist 1 and 0 elsewhere: a term that lives in one cluster.
out <- list(
  versions = list(R = R.version.string, clubSandwich = as.character(packageVersion("clubSandwich"))),
  probit = say(glm(unplanned ~ session + srs34 + base, binomial("probit"), h, control = tight),
               h$therapist),
  poisson = say(glm(sessions ~ base, poisson, per_client, control = tight), per_client$therapist),
  gaussian = say(glm(ors ~ session + srs + base, gaussian, scores, control = tight),
                 scores$therapist),
  one_cluster_term = say(glm(sessions ~ base + first, poisson, per_client, control = tight),
                         per_client$therapist))
x <- c(1, 2, 3, 4, 5, 6, 8, 11, 15, 20)
y <- c(3, 5, 4, 6, 9, 8, 9, 12, 11, 12)
out$transforms <- list(x = x, y = y,
  poly = unname(as.matrix(poly(x, 2))[, 1:2]), bs = unname(bs(x, df = 5)[, 1:5]),
  ns_fitted = unname(fitted(lm(y ~ ns(x, df = 3)))))
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE), "tests/oracles/r/glm.json")
